package org.sandglass.job.data;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.serializers.JavaSerializer;
import java.util.List;
import org.apache.spark.serializer.KryoRegistrator;

/** What tests, and no job, collect; surefire's configuration names it. */
public final class KryoTestClasses implements KryoRegistrator {

    @Override
    public void registerClasses(Kryo kryo) {
        kryo.register(AuditReport.class, new JavaSerializer());
        kryo.register(EpochLawTest.TaskReport.class, new JavaSerializer());
        kryo.register(List[].class, new JavaSerializer());
    }
}
