package org.sandglass.job.train;

import java.io.Serial;
import java.util.Iterator;
import org.sandglass.job.data.Microbatch;
import org.sandglass.job.data.SampleAudit;
import org.sandglass.job.data.SampleLocator;
import org.sandglass.ops.device.BatchResult;
import scala.Tuple2;

/** Evaluates the state that the stage starts from on this task's share of a table: exact counts, no sampling. */
record EvaluationWork(SampleLocator locator, long tableSamples) implements WorkerStage.Work {

    @Serial
    private static final long serialVersionUID = 1L;

    @Override
    public TaskOutcome run(Worker worker, Iterator<Tuple2<Long, byte[]>> samples) {
        TaskOutcome.Totals totals = TaskOutcome.Totals.NONE;
        SampleAudit audit = new SampleAudit(tableSamples);
        try (EvaluationBatches batches = new EvaluationBatches(worker, samples, locator)) {
            while (batches.hasNext()) {
                Microbatch batch = batches.next();
                audit.add(batch);
                BatchResult result = worker.evaluation().result();
                worker.count(batch.count(), result.lossSum());
                totals = totals.plus(
                        new TaskOutcome.Totals(batch.count(), result.lossSum(), result.top1(), result.top5()));
            }
        }
        return TaskOutcome.evaluated(worker.communicator().rank(), audit.report(), totals);
    }
}
