package dev.millrace.benchmarks;

import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.EventHandler;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.pipeline.SourceEvent;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A source that always has the next batch: {@code batches} of {@code eventsPerBatch} events, one
 * block each. The payload of an event is its number, from 0.
 *
 * @param before passed before each batch is handed over, by the number of the batch
 */
record SyntheticSource(int batches, int eventsPerBatch, EventHandler handler, Gate before)
    implements Source {
  /** A point where a benchmark may hold a stage. */
  @FunctionalInterface
  interface Gate {
    Gate OPEN = _ -> {};

    void pass(long number) throws InterruptedException;
  }

  @Override
  public Feed open(ResumePoint resumePoint) {
    return new Stream();
  }

  /** Confined to the fetch thread. */
  private final class Stream implements Feed {
    private int next;

    @Override
    public @Nullable Batch next(int events) throws InterruptedException {
      before.pass(next);
      if (next == batches) {
        return null;
      }
      SourceBlock block = new SourceBlock(next, Bytes32.ZERO, Bytes32.ZERO, Instant.EPOCH);
      List<SourceEvent> batch = new ArrayList<>(eventsPerBatch);
      for (int i = 0; i < eventsPerBatch; i++) {
        batch.add(new SourceEvent(block, i, handler, (long) next * eventsPerBatch + i));
      }
      next++;
      return new Batch(batch, List.of(), block, Long.MAX_VALUE, List.of());
    }

    @Override
    public BlockRange extent() {
      return new BlockRange(
          OptionalLong.of(0),
          OptionalLong.of(batches - 1L),
          OptionalLong.of((long) batches * eventsPerBatch));
    }

    @Override
    public String waitingFor() {
      return "";
    }

    @Override
    public void close() {}
  }
}
