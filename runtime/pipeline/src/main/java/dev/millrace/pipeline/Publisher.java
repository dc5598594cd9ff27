package dev.millrace.pipeline;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Tells the mirror which checkpoints count, always after the store has decided it.
 *
 * <p>Used by the fetch thread before the first slot, by the commit thread from then on.
 */
final class Publisher {
  private final LaneStore store;
  private final LaneMirror mirror;
  private final Retry retry;
  private final Probe probe;

  /** What this process has said of each epoch, so that only news is said again. */
  private final Map<Long, Long> said = new HashMap<>();

  /** Blocks with events that a reorg may still replace, as far as this process has seen them. */
  private final Deque<Passed> window = new ArrayDeque<>();

  private long epoch;
  private Instant opened = Instant.EPOCH;
  private long settled;

  /** The commit and checkpoint that are durable, and the commit that the mirror was told of. */
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

  /** Before the first row of a process. */
  void begin() {
    announce(retry.call("mirror", this::follow));
  }

  /**
   * A refusal counts only while the lane is ours: the mirror may know from a successor what this
   * ledger did not say yet.
   */
  private Ledger follow() {
    Ledger ledger = store.ledger();
    try {
      mirror.follow(ledger);
      return ledger;
    } catch (MillraceException refused) {
      if (refused.remedy() == Remedy.FIX_SETUP) {
        store.ledger(); // which tells that the lane was taken, if it was
      }
      throw refused;
    }
  }

  /** The lane has turned back into a new epoch, and nothing has been written under it yet. */
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

  /** A group is durable. */
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

  /** Tells what has become durable, unless there is nothing new. */
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
      retry.call(
          "publish " + commit,
          () -> {
            mirror.publish(ends);
            return true;
          });
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
