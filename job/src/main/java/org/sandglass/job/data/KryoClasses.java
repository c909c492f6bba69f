package org.sandglass.job.data;

import com.esotericsoftware.kryo.Kryo;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.serializer.KryoRegistrator;
import org.apache.spark.serializer.KryoSerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What travels in the job's RDDs, broadcasts and results, for Kryo: with {@code spark.kryo.registrationRequired} a class
 * that is not listed is an error where it is first sent, instead of its name travelling with every record.
 *
 * <p>Tasks and closures are none of it: Spark writes them with Java's serialization, whatever is set.
 */
public final class KryoClasses implements KryoRegistrator {

    private static final Logger LOG = LoggerFactory.getLogger(KryoClasses.class);
    private static final String SERIALIZER = "spark.serializer";
    private static final String REGISTRATOR = "spark.kryo.registrator";

    /** What Spark itself sends while it reads and writes tables; by name, because its versions differ in what they have. */
    private static final List<String> OF_SPARK = List.of("org.apache.spark.sql.types.BinaryType$");

    /**
     * Makes Kryo the serializer, every class to be registered, unless the user has chosen a serializer. A user's own
     * registrators are kept.
     */
    public static void setIn(SparkConf conf) {
        if (!conf.contains(SERIALIZER)) {
            conf.set(SERIALIZER, KryoSerializer.class.getName());
            conf.setIfMissing("spark.kryo.registrationRequired", "true");
        }
        if (conf.get(SERIALIZER).equals(KryoSerializer.class.getName())) {
            String own = KryoClasses.class.getName();
            String present = conf.get(REGISTRATOR, "");
            if (!present.contains(own)) {
                conf.set(REGISTRATOR, present.isBlank() ? own : present + "," + own);
            }
        }
    }

    @Override
    public void registerClasses(Kryo kryo) {
        kryo.register(FileIndex.class);
        kryo.register(String[].class);
        for (String name : OF_SPARK) {
            registerIfThere(kryo, name);
        }
    }

    private static void registerIfThere(Kryo kryo, String name) {
        try {
            kryo.register(Class.forName(name, false, KryoSerializer.class.getClassLoader()));
        } catch (ClassNotFoundException e) {
            LOG.debug("This Spark has no {}, so it sends none", name);
        }
    }
}
