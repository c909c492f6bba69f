import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.security.UserGroupInformation;

/**
 * HDFS that asks for Kerberos tickets or delegation tokens, in this JVM, until standard input ends. Started by
 * DelegationTokenIT in Java's source mode, with hadoop-client-minicluster, which is on no other class path of this build:
 *
 * <pre>java -Djava.security.krb5.conf=FILE -cp 'minicluster/*' MiniSecureHdfs.java DIRECTORY KEYTAB REALM TOKEN-MILLIS</pre>
 *
 * <p>The keytab holds {@code hdfs/localhost} and {@code HTTP/localhost}. Writes DIRECTORY/core-site.xml and then prints
 * {@code ready}.
 */
public final class MiniSecureHdfs {

    public static void main(String[] args) {
        int code = 0;
        try {
            run(Path.of(args[0]).toAbsolutePath(), args[1], args[2], args[3]);
        } catch (Exception e) {
            e.printStackTrace();
            code = 1;
        }
        Runtime.getRuntime().halt(code);
    }

    private static void run(Path directory, String keytab, String realm, String tokenMillis) throws Exception {
        System.setProperty("test.build.data", directory.resolve("data").toString());
        System.setProperty("test.build.dir", directory.resolve("data").toString());
        String service = "hdfs/localhost@" + realm;
        Configuration conf = new Configuration();
        conf.set("hadoop.security.authentication", "kerberos");
        conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, directory.resolve("hdfs").toString());
        for (String node : new String[] {"namenode", "datanode"}) {
            conf.set("dfs." + node + ".kerberos.principal", service);
            conf.set("dfs." + node + ".keytab.file", keytab);
        }
        conf.set("dfs.web.authentication.kerberos.principal", "HTTP/localhost@" + realm);
        conf.set("dfs.web.authentication.kerberos.keytab", keytab);
        conf.set("dfs.block.access.token.enable", "true");
        conf.set("dfs.data.transfer.protection", "authentication");
        conf.set("ignore.secure.ports.for.testing", "true");
        conf.set("dfs.namenode.delegation.token.renew-interval", tokenMillis);
        UserGroupInformation.setConfiguration(conf);
        MiniDFSCluster hdfs = new MiniDFSCluster.Builder(conf).numDataNodes(1).build();
        hdfs.waitActive();
        Configuration client = new Configuration(false);
        client.set("fs.defaultFS", hdfs.getURI().toString());
        for (String key : new String[] {
            "hadoop.security.authentication", "dfs.namenode.kerberos.principal", "dfs.data.transfer.protection"
        }) {
            client.set(key, conf.get(key));
        }
        // A connection that is idle is closed soon; the next one shows its credentials again.
        client.set("ipc.client.connection.maxidletime", "100");
        try (OutputStream out = Files.newOutputStream(Files.createDirectories(directory).resolve("core-site.xml"))) {
            client.writeXml(out);
        }
        hdfs.getFileSystem().setPermission(
                new org.apache.hadoop.fs.Path("/"), new org.apache.hadoop.fs.permission.FsPermission((short) 0777));
        System.out.println("ready");
        while (System.in.read() >= 0) {}
    }
}
