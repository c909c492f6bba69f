package org.sandglass.job.train;

import java.io.Serial;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Driver side of a rendezvous: every task of a stage says something, and is told what all have said. Thread-safe.
 *
 * <p>Spark's own {@code BarrierTaskContext.allGather} does the same, and looks for the answer once a second.
 */
final class Gathering {

    private static final int REMEMBERED = 16;

    /**
     * What a task asks.
     *
     * @param stage the stage's name, different for every attempt
     * @param words what the task says; null when it has said so and asks again
     */
    record Question(
            String stage, int rank, int ranks, @Nullable String words) {}

    /**
     * What a task is told.
     *
     * @param words of all ranks, in their order; empty as long as some are missing
     * @param missing the ranks that have said nothing yet
     */
    record Answer(List<String> words, List<Integer> missing) {}

    /** By stage, the least recently used first: a task that was frozen may ask for a stage that is long over. */
    private final Map<String, @Nullable String[]> stages = new LinkedHashMap<>(REMEMBERED, 0.75f, true) {
        @Serial
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, @Nullable String[]> eldest) {
            return size() > REMEMBERED;
        }
    };

    /** Takes in what a task says, and tells what there is. */
    synchronized Answer answer(Question question) {
        @Nullable
        String[] words = stages.computeIfAbsent(question.stage(), stage -> new @Nullable String[question.ranks()]);
        if (question.words() != null) {
            words[question.rank()] = question.words();
        }
        List<Integer> missing = IntStream.range(0, words.length)
                .filter(rank -> words[rank] == null)
                .boxed()
                .toList();
        return new Answer(missing.isEmpty() ? Arrays.asList(words.clone()) : List.of(), missing);
    }
}
