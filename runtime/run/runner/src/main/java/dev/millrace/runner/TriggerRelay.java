package dev.millrace.runner;

import dev.millrace.jobs.EventOrigin;
import dev.millrace.jobs.EventRuns;
import dev.millrace.loaders.TriggerMoment;
import dev.millrace.pipeline.EventTrigger;
import dev.millrace.postgres.TriggerOutbox;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Moves the triggers of one lane from the outbox of its indexer into the tables of jobs.
 *
 * <p>One transaction takes rows out and makes their runs, so a kill or a lost reply at any point
 * loses and doubles nothing, and several relays of a lane at once are as good as one.
 */
final class TriggerRelay {
  private static final int MAX_ROWS = 1_000;

  private final String indexer;
  private final String lane;
  private final TriggerOutbox outbox;
  private final EventRuns runs;
  private final Runnable failpoint;

  TriggerRelay(String indexer, String lane, EventRuns runs) {
    this(indexer, lane, runs, () -> {});
  }

  /** Passes a failpoint between the statements of its transactions. */
  TriggerRelay(String indexer, String lane, EventRuns runs, Runnable failpoint) {
    this.indexer = indexer;
    this.lane = lane;
    this.outbox = new TriggerOutbox(indexer, lane);
    this.runs = runs;
    this.failpoint = failpoint;
  }

  /** Moves everything that is due; returns how many runs that made. */
  int relay() {
    int made = 0;
    Moved last;
    do {
      last = runs.transaction(this::move);
      made += last.runs;
    } while (last.more);
    return made;
  }

  private record Moved(int runs, boolean more) {}

  private Moved move(Connection connection) throws SQLException {
    outbox.lock(connection);
    List<TriggerOutbox.Entry> early = outbox.due(connection, TriggerMoment.COMMITTED, MAX_ROWS);
    // Read behind the triggers: a block that comes back has its recall before its new trigger.
    List<TriggerOutbox.Entry> recalls = outbox.recalls(connection, MAX_ROWS);
    runs.recall(
        connection, recalls.stream().map(recall -> recall.run().orElseThrow()).sorted().toList());
    failpoint.run();
    outbox.delete(connection, recalls);
    failpoint.run();
    if (recalls.size() == MAX_ROWS) {
      return new Moved(0, true);
    }
    List<Long> made = runs.trigger(connection, events(early));
    failpoint.run();
    outbox.hold(connection, early);
    outbox.relayed(connection, early, made);
    outbox.deleteFinal(connection);
    List<TriggerOutbox.Entry> ended = outbox.due(connection, TriggerMoment.FINALIZED, MAX_ROWS);
    failpoint.run();
    runs.trigger(connection, events(ended));
    failpoint.run();
    outbox.delete(connection, ended);
    failpoint.run();
    return new Moved(early.size() + ended.size(), !early.isEmpty() || !ended.isEmpty());
  }

  private List<EventRuns.EventRun> events(List<TriggerOutbox.Entry> entries) {
    List<EventRuns.EventRun> events = new ArrayList<>(entries.size());
    for (TriggerOutbox.Entry entry : entries) {
      EventTrigger trigger = entry.trigger();
      String hash = trigger.block().toString();
      events.add(
          new EventRuns.EventRun(
              trigger.job(),
              trigger.input(),
              "%s/%s/%s/%d/%d"
                  .formatted(indexer, lane, hash, trigger.event().logIndex(), trigger.ordinal()),
              new EventOrigin(
                  indexer,
                  lane,
                  trigger.event().block(),
                  hash,
                  trigger.event().logIndex(),
                  false)));
    }
    return events;
  }
}
