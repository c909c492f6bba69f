import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.server.MiniYARNCluster;
import org.apache.hadoop.yarn.server.resourcemanager.scheduler.ResourceScheduler;
import org.apache.hadoop.yarn.server.resourcemanager.scheduler.capacity.CapacityScheduler;

/**
 * HDFS of one data node and YARN of two node managers, in this JVM, until standard input ends. Started by YarnIT in
 * Java's source mode, with hadoop-client-minicluster, which is on no other class path of this build:
 *
 * <pre>java --add-opens java.base/java.lang=ALL-UNNAMED -cp 'minicluster/*' MiniHadoop.java DIRECTORY</pre>
 *
 * <p>Writes DIRECTORY/conf/{core,yarn}-site.xml and then prints {@code ready}; answers each line of
 * input with a line per application, its name and its final status.
 */
public final class MiniHadoop {

    public static void main(String[] args) {
        int code = 0;
        try {
            run(args[0]);
        } catch (Exception e) {
            e.printStackTrace();
            code = 1;
        }
        // MiniYARNCluster.stop() hangs.
        Runtime.getRuntime().halt(code);
    }

    private static void run(String work) throws Exception {
        Path directory = Path.of(work).toAbsolutePath();
        System.setProperty("test.build.data", directory.resolve("data").toString());
        System.setProperty("test.build.dir", directory.resolve("data").toString());
        Configuration hdfsConf = new Configuration();
        hdfsConf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, directory.resolve("hdfs").toString());
        MiniDFSCluster hdfs =
                new MiniDFSCluster.Builder(hdfsConf).numDataNodes(1).build();
        hdfs.waitActive();

        YarnConfiguration conf = new YarnConfiguration();
        conf.set("fs.defaultFS", hdfs.getURI().toString());
        conf.setClass(YarnConfiguration.RM_SCHEDULER, CapacityScheduler.class, ResourceScheduler.class);
        conf.set("yarn.scheduler.capacity.root.queues", "default");
        conf.set("yarn.scheduler.capacity.root.default.capacity", "100");
        conf.set("yarn.scheduler.capacity.maximum-am-resource-percent", "0.8");
        conf.setInt(YarnConfiguration.RM_SCHEDULER_MINIMUM_ALLOCATION_MB, 256);
        conf.setInt(YarnConfiguration.NM_PMEM_MB, 4096);
        conf.setInt(YarnConfiguration.NM_VCORES, 8);
        // A few processes on one small machine: what they use is not what is tested here.
        conf.setBoolean(YarnConfiguration.NM_VMEM_CHECK_ENABLED, false);
        conf.setBoolean(YarnConfiguration.NM_PMEM_CHECK_ENABLED, false);
        conf.setFloat(YarnConfiguration.NM_MAX_PER_DISK_UTILIZATION_PERCENTAGE, 99.9f);
        conf.setLong(YarnConfiguration.NM_MIN_PER_DISK_FREE_SPACE_MB, 0);
        MiniYARNCluster yarn = new MiniYARNCluster("sandglass", 2, 1, 1);
        yarn.init(conf);
        yarn.start();
        if (!yarn.waitForNodeManagersToConnect(60_000)) {
            throw new IllegalStateException("Cannot start YARN: its node managers did not register within 60 s");
        }

        Configuration resolved = new Configuration(yarn.getConfig());
        resolved.set("fs.defaultFS", hdfs.getURI().toString());
        // The minicluster's own class for this is on no client's class path.
        resolved.set("net.topology.node.switch.mapping.impl", "org.apache.hadoop.net.ScriptBasedMapping");
        Path site = Files.createDirectories(directory.resolve("conf"));
        try (OutputStream out = Files.newOutputStream(site.resolve("yarn-site.xml"))) {
            resolved.writeXml(out);
        }
        Configuration core = new Configuration(false);
        core.set("fs.defaultFS", hdfs.getURI().toString());
        try (OutputStream out = Files.newOutputStream(site.resolve("core-site.xml"))) {
            core.writeXml(out);
        }
        System.out.println("ready");
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        while (commands.readLine() != null) {
            yarn.getResourceManager()
                    .getRMContext()
                    .getRMApps()
                    .values()
                    .forEach(app -> System.out.println(app.getName() + " " + app.getFinalApplicationStatus()));
        }
    }
}
