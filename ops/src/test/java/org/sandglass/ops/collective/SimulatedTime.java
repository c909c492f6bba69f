package org.sandglass.ops.collective;

import java.util.PriorityQueue;

/** A clock that stands still while something happens, and then moves on to what happens next. */
final class SimulatedTime {

    private record Event(long time, long number, Runnable what) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int byTime = Long.compare(time, other.time);
            return byTime != 0 ? byTime : Long.compare(number, other.number);
        }
    }

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private long now;
    private long number;

    /** Nanoseconds. */
    long now() {
        return now;
    }

    void at(long time, Runnable what) {
        events.add(new Event(Math.max(now, time), number++, what));
    }

    /** Lets the next thing happen; returns false when nothing is left. */
    boolean step() {
        Event next = events.poll();
        if (next == null) {
            return false;
        }
        now = next.time();
        next.what().run();
        return true;
    }
}
