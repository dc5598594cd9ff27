package dev.millrace.lane;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.Ends;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.LaneMirror;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.Ledger;
import dev.millrace.pipeline.Probe;
import dev.millrace.pipeline.Retry;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Publishes to the mirror which checkpoints count, always after the store has decided it.
 *
 * <p>Used by the fetch thread before the first slot, by the commit thread from then on.
 */
final class Publisher {
  private final LaneStore store;
  private final LaneMirror mirror;
  private final Retry retry;
  private final Probe probe;

  /** The end published of each epoch, so that only changes are published again. */
  private final Map<Long, Long> said = new HashMap<>();

  /** Blocks with events that a reorg may still replace, as far as this process has seen them. */
  private final Deque<Passed> window = new ArrayDeque<>();

  private long epoch;
  private Instant opened = Instant.EPOCH;
  private long settled;

  /** The durable commit and checkpoint, and the last commit published to the mirror. */
  private long commit;

  private long checkpoint;
  private long told;

  private record Passed(long block, long checkpoint) {}

  Publisher(LaneStore store, LaneMirror mirror, Retry retry, Probe probe) {
    this.store = store;
    this.mirror = mirror;
    this.retry = retry;
    this.probe = probe;
  }

  /** Checks the mirror and publishes all epoch ends. Before the first row of a process. */
  void begin() {
    announce(retry.call("mirror", this::follow));
  }

  /**
   * Checks the mirror against the ledger. A refusal counts only while the lane is ours: the mirror
   * may know from a successor more than this ledger says.
   */
  private Ledger follow() {
    Ledger ledger = store.ledger();
    try {
      mirror.follow(ledger);
      return ledger;
    } catch (MillraceException refused) {
      if (refused.remedy() == Remedy.FIX_SETUP) {
        store.ledger(); // throws YIELD if the lane was taken over
      }
      throw refused;
    }
  }

  /** Publishes the epoch ends after a rewind, before any row of the new epoch is written. */
  void turned() {
    Ledger ledger = retry.call("ledger", store::ledger);
    window.removeIf(passed -> passed.checkpoint > ledger.checkpoint());
    announce(ledger);
  }

  private void announce(Ledger ledger) {
    epoch = ledger.epoch();
    opened = ledger.epochs().getLast().opened();
    commit = ledger.commit();
    checkpoint = ledger.checkpoint();
    settled = Math.max(settled, ledger.settled());
    List<Ends.End> news = new ArrayList<>();
    for (Ledger.Epoch each : ledger.epochs()) {
      Long before = said.put(each.number(), each.end());
      if (before == null || before != each.end()) {
        news.add(new Ends.End(each.number(), each.end(), each.opened()));
      }
    }
    publish(news);
  }

  /** Records a durable group. */
  void committed(CommitGroup group) {
    commit = group.number();
    checkpoint = group.checkpoint();
    if (!group.isReversible()) {
      settled = checkpoint;
      return;
    }
    for (ExecutedBatch batch : group.batches()) {
      batch.reached().forEach(at -> window.add(new Passed(at.block().number(), at.checkpoint())));
    }
    long finality = group.last().batch().finalBlock();
    while (!window.isEmpty() && window.getFirst().block <= finality) {
      settled = Math.max(settled, window.removeFirst().checkpoint);
    }
  }

  /** Publishes the durable checkpoint, unless it has not changed. */
  void tell() {
    if (commit > told) {
      said.put(epoch, checkpoint);
      publish(List.of(new Ends.End(epoch, checkpoint, opened)));
    }
  }

  private void publish(List<Ends.End> news) {
    Ends ends = new Ends(epoch, commit, news, settled);
    try {
      probe.pass(Probe.Point.BEFORE_PUBLISH, commit);
      retry.run("publish " + commit, () -> mirror.publish(ends));
    } catch (MillraceException failed) {
      throw new MillraceException(
          failed.remedy(),
          "publication failed: commit=%d reason=\"%s\"".formatted(commit, failed.getMessage()),
          failed);
    }
    told = commit;
    probe.pass(Probe.Point.PUBLISHED, commit);
  }
}
