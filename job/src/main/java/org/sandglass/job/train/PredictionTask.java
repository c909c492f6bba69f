package org.sandglass.job.train;

import java.io.Serial;
import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Queue;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.TaskCompletionListener;
import org.sandglass.job.data.Microbatch;
import org.sandglass.job.data.SampleLocator;
import scala.Tuple2;

/** Predicts one partition; holds one batch of rows at a time. */
record PredictionTask(StageOrder order, SampleLocator locator, List<String> classNames)
        implements FlatMapFunction<Iterator<Tuple2<Long, byte[]>>, Row> {

    @Serial
    private static final long serialVersionUID = 1L;

    @Override
    public Iterator<Row> call(Iterator<Tuple2<Long, byte[]>> samples) {
        Worker worker = WorkerPool.acquire(order, TaskContext.get());
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> WorkerPool.release(worker));
        long wanted = order.source().stored();
        if (worker.stamp().iterations() != wanted) {
            WorkerState.restoreModel(
                    worker, java.util.Objects.requireNonNull(order.source().uri()));
            worker.declareState(new Stamp(wanted, order.attempt()), EpochProgress.NONE);
        }
        EvaluationBatches batches = new EvaluationBatches(worker, samples, locator);
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> batches.close());
        return new Rows(worker, batches);
    }

    private final class Rows implements Iterator<Row> {
        private final Worker worker;
        private final EvaluationBatches batches;
        private final Queue<Row> ready = new ArrayDeque<>();

        Rows(Worker worker, EvaluationBatches batches) {
            this.worker = worker;
            this.batches = batches;
        }

        @Override
        public boolean hasNext() {
            while (ready.isEmpty() && batches.hasNext()) {
                predict(batches.next());
            }
            return !ready.isEmpty();
        }

        @Override
        public Row next() {
            if (!hasNext()) {
                throw new NoSuchElementException("No more samples");
            }
            return ready.remove();
        }

        private void predict(Microbatch batch) {
            int classes = worker.network().classes();
            FloatBuffer logits =
                    FloatBuffer.allocate(worker.evaluation().options().batchSize() * classes);
            worker.evaluation().output(logits);
            for (int row = 0; row < batch.count(); row++) {
                ready.add(row(batch, row, logits.array(), row * classes, classes));
            }
        }

        private Row row(Microbatch batch, int row, float[] logits, int offset, int classes) {
            int best = 0;
            for (int c = 1; c < classes; c++) {
                best = logits[offset + c] > logits[offset + best] ? c : best;
            }
            double sum = 0;
            for (int c = 0; c < classes; c++) {
                sum += Math.exp((double) logits[offset + c] - logits[offset + best]);
            }
            String className = best < classNames.size() ? classNames.get(best) : null;
            return RowFactory.create(
                    batch.ids()[row], batch.paths().get(row), batch.labels()[row], best, className, 1 / sum);
        }
    }
}
