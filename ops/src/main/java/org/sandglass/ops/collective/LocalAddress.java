package org.sandglass.ops.collective;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Chooses the address of this host that its peers shall use, by the name of an interface or by the network it is in. */
public final class LocalAddress {

    private LocalAddress() {}

    /** An interface that is up, and its addresses. */
    record Interface(String name, List<InetAddress> addresses) {
        @Override
        public String toString() {
            return addresses.stream()
                    .map(InetAddress::getHostAddress)
                    .collect(Collectors.joining(", ", name + " (", ")"));
        }
    }

    /**
     * The first address of this host that fits.
     *
     * @param choice an interface's name ({@code eth0}), of whose addresses an IPv4 one is preferred; or a network in CIDR
     *     notation ({@code 10.1.0.0/16}, {@code fd00:1::/32}); or an address. IPv6 addresses that are valid on one link
     *     only are not chosen by name, since other hosts cannot reach them as they are written
     * @throws IllegalArgumentException if none fits; lists the interfaces that there are
     */
    public static InetAddress on(String choice) {
        try {
            return on(choice, interfaces());
        } catch (IOException cause) {
            throw new IllegalArgumentException(
                    "Cannot choose a network interface: this host does not list its own: " + cause.getMessage(), cause);
        }
    }

    static InetAddress on(String choice, List<Interface> interfaces) {
        List<InetAddress> candidates = isNetwork(choice) ? inNetwork(choice, interfaces) : named(choice, interfaces);
        return candidates.stream()
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("Cannot choose a network interface: none is called, or"
                        + " has an address in, \"" + choice + "\"; this host has "
                        + interfaces.stream().map(Interface::toString).collect(Collectors.joining(", "))
                        + "; name one of them, or a network such as 10.0.0.0/8"));
    }

    private static List<InetAddress> named(String name, List<Interface> interfaces) {
        return interfaces.stream()
                .filter(candidate -> candidate.name().equals(name))
                .flatMap(candidate -> candidate.addresses().stream())
                .filter(address -> !address.isLinkLocalAddress() || address instanceof Inet4Address)
                .sorted(Comparator.comparing(address -> !(address instanceof Inet4Address)))
                .toList();
    }

    private static List<InetAddress> inNetwork(String network, List<Interface> interfaces) {
        Predicate<InetAddress> contained = network(network);
        return interfaces.stream()
                .flatMap(candidate -> candidate.addresses().stream())
                .filter(contained)
                .toList();
    }

    /** Interface names have neither colons nor slashes, nor are they made of digits and dots. */
    private static boolean isNetwork(String choice) {
        return choice.contains("/") || choice.contains(":") || choice.matches("[0-9.]+");
    }

    private static Predicate<InetAddress> network(String choice) {
        String[] parts = choice.split("/", -1);
        byte[] base = literal(choice, parts[0]);
        int bits = parts.length == 1 ? base.length * Byte.SIZE : prefix(choice, parts, base.length * Byte.SIZE);
        return address -> startsAlike(address.getAddress(), base, bits);
    }

    private static int prefix(String choice, String[] parts, int maximum) {
        if (parts.length != 2 || !parts[1].matches("[0-9]{1,3}") || Integer.parseInt(parts[1]) > maximum) {
            throw notANetwork(choice, "the length of the prefix is no number from 0 to " + maximum);
        }
        return Integer.parseInt(parts[1]);
    }

    /** What is written as an address; never asks a name service. */
    private static byte[] literal(String choice, String text) {
        boolean fourNumbers = text.matches("([0-9]{1,3}\\.){3}[0-9]{1,3}");
        if (!fourNumbers && !text.matches("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")) {
            throw notANetwork(choice, "\"" + text + "\" is no address");
        }
        try {
            return InetAddress.getByName(text).getAddress();
        } catch (UnknownHostException cause) {
            throw notANetwork(choice, "\"" + text + "\" is no address");
        }
    }

    private static IllegalArgumentException notANetwork(String choice, String reason) {
        return new IllegalArgumentException("Cannot choose a network interface: \"" + choice + "\": " + reason
                + "; write a network like 10.1.0.0/16 or fd00:1::/32, or an interface's name");
    }

    private static boolean startsAlike(byte[] address, byte[] base, int bits) {
        if (address.length != base.length) {
            return false;
        }
        for (int bit = 0; bit < bits; bit++) {
            int mask = 0x80 >> bit % Byte.SIZE;
            if (((address[bit / Byte.SIZE] ^ base[bit / Byte.SIZE]) & mask) != 0) {
                return false;
            }
        }
        return true;
    }

    private static List<Interface> interfaces() throws SocketException {
        List<Interface> interfaces = new ArrayList<>();
        for (NetworkInterface candidate : Collections.list(NetworkInterface.getNetworkInterfaces())) {
            if (candidate.isUp()) {
                interfaces.add(new Interface(candidate.getName(), Collections.list(candidate.getInetAddresses())));
            }
        }
        return interfaces;
    }
}
