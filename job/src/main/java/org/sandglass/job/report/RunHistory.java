package org.sandglass.job.report;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sandglass.job.data.LedgerEntry;

/** What {@code metrics.jsonl} and {@code ledger.jsonl} hold, in memory. Not thread-safe. */
final class RunHistory {

    private final List<IterationMetrics> iterations = new ArrayList<>();
    private final List<EpochMetrics> epochs = new ArrayList<>();
    private final List<LedgerEntry> ledger = new ArrayList<>();

    static RunHistory parse(String metrics, String ledger) {
        RunHistory history = new RunHistory();
        try {
            for (JsonNode line : JsonLines.nodes(metrics)) {
                String kind = line.path("kind").asText();
                ObjectNode values = line.deepCopy();
                values.remove("kind");
                if ("iteration".equals(kind)) {
                    history.iterations.add(JsonLines.convert(values, IterationMetrics.class));
                } else if ("epoch".equals(kind)) {
                    history.epochs.add(JsonLines.convert(values, EpochMetrics.class));
                }
            }
            for (JsonNode line : JsonLines.nodes(ledger)) {
                history.ledger.add(JsonLines.convert(line, LedgerEntry.class));
            }
        } catch (JsonProcessingException e) {
            // A line that is JSON but not ours: what was read before it stands, as with a damaged line.
            return history;
        }
        return history;
    }

    void add(List<IterationMetrics> ofEpoch, EpochMetrics epoch, LedgerEntry entry) {
        keepEpochs(epoch.epoch() - 1);
        iterations.addAll(ofEpoch);
        epochs.add(epoch);
        ledger.add(entry);
    }

    void addUnfinished(List<IterationMetrics> ofEpoch) {
        int finished = epochs.isEmpty() ? 0 : epochs.get(epochs.size() - 1).epoch();
        keepEpochs(finished);
        iterations.addAll(ofEpoch);
    }

    /** Of the epoch after the finished ones; what there was from the first of these on is replaced. */
    void addRunning(List<IterationMetrics> ofEpoch) {
        int finished = epochs.isEmpty() ? 0 : epochs.get(epochs.size() - 1).epoch();
        if (ofEpoch.isEmpty() || ofEpoch.get(0).epoch() != finished + 1) {
            return;
        }
        long first = ofEpoch.get(0).iteration();
        while (!iterations.isEmpty() && iterations.get(iterations.size() - 1).iteration() >= first) {
            iterations.remove(iterations.size() - 1);
        }
        iterations.addAll(ofEpoch);
    }

    void keepEpochs(int last) {
        iterations.removeIf(metrics -> metrics.epoch() > last);
        epochs.removeIf(metrics -> metrics.epoch() > last);
        ledger.removeIf(entry -> entry.epoch() > last);
    }

    void validated(int epoch, ValidationMetrics validation) {
        epochs.replaceAll(metrics -> metrics.epoch() == epoch ? metrics.withValidation(validation) : metrics);
    }

    Optional<EpochMetrics> epoch(int number) {
        return epochs.stream().filter(metrics -> metrics.epoch() == number).findFirst();
    }

    List<IterationMetrics> iterationsOf(int epoch) {
        return iterations.stream().filter(metrics -> metrics.epoch() == epoch).toList();
    }

    List<IterationMetrics> iterations() {
        return List.copyOf(iterations);
    }

    List<EpochMetrics> epochs() {
        return List.copyOf(epochs);
    }

    List<LedgerEntry> ledger() {
        return List.copyOf(ledger);
    }

    /** Each epoch's iterations, then the epoch; last the iterations of an epoch that did not end. */
    String metricsText() {
        StringBuilder text = new StringBuilder();
        int next = 0;
        for (EpochMetrics epoch : epochs) {
            while (next < iterations.size() && iterations.get(next).epoch() <= epoch.epoch()) {
                text.append(JsonLines.line(new Line<>("iteration", iterations.get(next))));
                next++;
            }
            text.append(JsonLines.line(new Line<>("epoch", epoch)));
        }
        for (IterationMetrics unfinished : iterations.subList(next, iterations.size())) {
            text.append(JsonLines.line(new Line<>("iteration", unfinished)));
        }
        return text.toString();
    }

    String ledgerText() {
        StringBuilder text = new StringBuilder();
        ledger.forEach(entry -> text.append(JsonLines.line(entry)));
        return text.toString();
    }

    private record Line<T>(String kind, @JsonUnwrapped T metrics) {}
}
