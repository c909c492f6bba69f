package org.sandglass.job;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;

/**
 * Looks up every method and field of Spark, Scala and Hadoop that the job's classes name, and every method that they must
 * implement, in the Spark that is on the class path: what a run would meet as a NoSuchMethodError or AbstractMethodError,
 * found without running it. Reads class files, and loads none. A program of one file, so that {@code
 * scripts/test-distributions} can start it beside any distribution:
 *
 * <pre>java -cp 'SPARK/jars/*:sandglass.jar' LinkCheck.java sandglass.jar</pre>
 */
public final class LinkCheck {

    private static final List<String> OURS = List.of("org/sandglass/job/", "org/sandglass/ops/");
    private static final List<String> CHECKED = List.of(
            "org/apache/spark/",
            "scala/",
            "org/apache/hadoop/",
            "com/esotericsoftware/",
            "com/codahale/",
            "org/slf4j/");
    private static final int ABSTRACT = 0x400;
    private static final String SUPER_ACCESSOR = "$$super$";

    /** A field or method; {@code name} and {@code descriptor} as in class files. */
    record Member(String owner, String name, String descriptor) {

        String signature() {
            return name + " " + descriptor;
        }

        @Override
        public String toString() {
            return owner.replace('/', '.') + "." + signature();
        }
    }

    /** What a class file says; supertypes begin with the superclass. */
    record ClassFile(
            String name,
            boolean isAbstract,
            List<String> supertypes,
            Set<String> concrete,
            Set<String> abstractMethods,
            List<Member> references) {}

    private final Map<String, Optional<ClassFile>> classes = new HashMap<>();

    private final Set<Member> checked = new HashSet<>();

    private LinkCheck() {}

    /** Prints what is missing, then a line that counts; ends with 1 if anything is missing. */
    public static void main(String[] args) throws IOException {
        LinkCheck check = new LinkCheck();
        Set<String> missing;
        try (JarFile jar = new JarFile(args[0])) {
            missing = check.lookUp(jar);
        }
        missing.forEach(System.out::println);
        System.out.println(
                check.checked.size() + " references to Spark, Scala and Hadoop, " + missing.size() + " missing");
        System.exit(missing.isEmpty() ? 0 : 1);
    }

    /** What a JAR's classes need, and the Spark on this process's class path does not have. */
    static Set<String> missing(JarFile jar) throws IOException {
        return new LinkCheck().lookUp(jar);
    }

    private Set<String> lookUp(JarFile jar) throws IOException {
        Set<String> missing = new TreeSet<>();
        List<String> names = jar.stream()
                .map(entry -> entry.getName())
                .filter(name -> name.endsWith(".class") && OURS.stream().anyMatch(name::startsWith))
                .toList();
        for (String name : names) {
            ClassFile own = read(jar.getInputStream(jar.getEntry(name)));
            own.references().stream()
                    .filter(member -> CHECKED.stream().anyMatch(member.owner()::startsWith))
                    .forEach(checked::add);
            missing.addAll(unimplemented(own));
        }
        checked.stream().filter(member -> !exists(member)).forEach(member -> missing.add(member.toString()));
        return missing;
    }

    /** Abstract methods that a class of ours does not implement, because the Spark at hand declares them otherwise. */
    private List<String> unimplemented(ClassFile own) {
        if (own.isAbstract()) {
            return List.of();
        }
        Set<String> implemented = new HashSet<>();
        Set<String> demanded = new TreeSet<>();
        List<String> lost = new ArrayList<>();
        for (String type : hierarchy(own.name())) {
            ClassFile file = find(type).orElse(null);
            if (file == null) {
                lost.add(own.name().replace('/', '.') + " needs " + type.replace('/', '.'));
                continue;
            }
            implemented.addAll(file.concrete());
            demanded.addAll(file.abstractMethods());
        }
        demanded.removeAll(implemented);
        demanded.removeIf(method -> isSuperAccessor(method, own));
        demanded.forEach(method -> lost.add(own.name().replace('/', '.') + " does not implement " + method));
        return lost;
    }

    /**
     * Scala makes {@code super.equals} of a trait an abstract method {@code Trait$$super$equals}, which nobody but the
     * trait's own {@code equals} calls: nobody, where the class has an {@code equals} of its own.
     */
    private static boolean isSuperAccessor(String method, ClassFile own) {
        int mark = method.indexOf(SUPER_ACCESSOR);
        return mark >= 0 && own.concrete().contains(method.substring(mark + SUPER_ACCESSOR.length()));
    }

    private boolean exists(Member member) {
        return hierarchy(member.owner()).stream()
                .flatMap(type -> find(type).stream())
                .anyMatch(type -> type.concrete().contains(member.signature())
                        || type.abstractMethods().contains(member.signature()));
    }

    /** The class, its superclasses, and all their interfaces. */
    private Set<String> hierarchy(String name) {
        Set<String> seen = new LinkedHashSet<>();
        List<String> open = new ArrayList<>(List.of(name));
        while (!open.isEmpty()) {
            String next = open.remove(open.size() - 1);
            if (seen.add(next)) {
                find(next).ifPresent(file -> open.addAll(file.supertypes()));
            }
        }
        // An interface's methods are Object's too.
        seen.add("java/lang/Object");
        return seen;
    }

    private Optional<ClassFile> find(String name) {
        return classes.computeIfAbsent(name, key -> {
            try (InputStream in = ClassLoader.getSystemResourceAsStream(key + ".class")) {
                return in == null ? Optional.empty() : Optional.of(read(in));
            } catch (IOException e) {
                throw new UncheckedIOException("Cannot read " + key, e);
            }
        });
    }

    /** Reads a class file (The Java Virtual Machine Specification, chapter 4). */
    static ClassFile read(InputStream classFile) throws IOException {
        DataInputStream in = new DataInputStream(classFile);
        in.readLong();
        Object[] pool = pool(in);
        int access = in.readUnsignedShort();
        String name = className(pool, in.readUnsignedShort());
        List<String> supertypes = new ArrayList<>();
        int superclass = in.readUnsignedShort();
        if (superclass != 0) {
            supertypes.add(className(pool, superclass));
        }
        for (int i = in.readUnsignedShort(); i > 0; i--) {
            supertypes.add(className(pool, in.readUnsignedShort()));
        }
        Set<String> concrete = new HashSet<>();
        Set<String> abstractMethods = new HashSet<>();
        for (int kind = 0; kind < 2; kind++) {
            for (int i = in.readUnsignedShort(); i > 0; i--) {
                boolean isAbstract = (in.readUnsignedShort() & ABSTRACT) != 0;
                String signature = pool[in.readUnsignedShort()] + " " + pool[in.readUnsignedShort()];
                (isAbstract ? abstractMethods : concrete).add(signature);
                for (int attribute = in.readUnsignedShort(); attribute > 0; attribute--) {
                    in.readUnsignedShort();
                    in.skipNBytes(in.readInt());
                }
            }
        }
        return new ClassFile(name, (access & ABSTRACT) != 0, supertypes, concrete, abstractMethods, references(pool));
    }

    /** Constants by index: text, or a tag with indices. */
    private static Object[] pool(DataInputStream in) throws IOException {
        Object[] pool = new Object[in.readUnsignedShort()];
        for (int i = 1; i < pool.length; i++) {
            int tag = in.readUnsignedByte();
            pool[i] = switch (tag) {
                case 1 -> in.readUTF();
                case 3, 4 -> in.readInt();
                case 5, 6 -> in.readLong();
                case 7, 8, 16, 19, 20 -> new int[] {tag, in.readUnsignedShort()};
                case 9, 10, 11, 12, 17, 18 -> new int[] {tag, in.readUnsignedShort(), in.readUnsignedShort()};
                case 15 -> new int[] {tag, in.readUnsignedByte(), in.readUnsignedShort()};
                default -> throw new IOException("Cannot read a class file: unknown constant " + tag);
            };
            if (tag == 5 || tag == 6) {
                i++;
            }
        }
        return pool;
    }

    private static List<Member> references(Object[] pool) {
        List<Member> references = new ArrayList<>();
        for (Object entry : pool) {
            if (entry instanceof int[] member && member[0] >= 9 && member[0] <= 11) {
                int[] signature = (int[]) pool[member[2]];
                references.add(new Member(
                        className(pool, member[1]), (String) pool[signature[1]], (String) pool[signature[2]]));
            }
        }
        return references;
    }

    private static String className(Object[] pool, int index) {
        return (String) pool[((int[]) pool[index])[1]];
    }
}
