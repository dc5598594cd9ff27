package dev.millrace.lane;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.BackoffRetry;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.EpochEnds;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.LaneMirror;
import dev.millrace.pipeline.LaneStore;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Publishes the epoch ends to the mirror, always after the store has decided them.
 *
 * <p>Used by the fetch thread before the first slot, by the commit thread from then on.
 */
final class MirrorPublisher {
  private final LaneStore store;
  private final LaneMirror mirror;
  private final BackoffRetry retry;
  private final Failpoint failpoint;

  /** The end published of each epoch, so that only changes are published again. */
  private final Map<Long, Long> publishedEnds = new HashMap<>();

  /** Blocks with events that a reorg may still replace, as far as this process has seen them. */
  private final Deque<WindowBlock> window = new ArrayDeque<>();

  private long epoch;
  private Instant opened = Instant.EPOCH;
  private long finalizedCheckpoint;

  /** The durable commit and checkpoint, and the last commit published to the mirror. */
  private long commit;

  private long checkpoint;
  private long lastPublishedCommit;

  private record WindowBlock(long block, long checkpoint) {}

  MirrorPublisher(LaneStore store, LaneMirror mirror, BackoffRetry retry, Failpoint failpoint) {
    this.store = store;
    this.mirror = mirror;
    this.retry = retry;
    this.failpoint = failpoint;
  }

  /** Checks the mirror and publishes all epoch ends. Before the first row of a process. */
  void begin() {
    announce(retry.call("mirror", this::follow));
  }

  /**
   * Checks the mirror against the epoch history. A refusal counts only while the lane is ours: the
   * mirror may know from a successor more than this epoch history says.
   */
  private EpochHistory follow() {
    EpochHistory epochHistory = store.epochHistory();
    try {
      mirror.follow(epochHistory);
      return epochHistory;
    } catch (MillraceException refused) {
      if (refused.remedy() == Remedy.FIX_SETUP) {
        store.epochHistory(); // throws YIELD if the lane was taken over
      }
      throw refused;
    }
  }

  /** Publishes the epoch ends after a rewind, before any row of the new epoch is written. */
  void publishRewind() {
    EpochHistory epochHistory = retry.call("epoch history", store::epochHistory);
    window.removeIf(passed -> passed.checkpoint > epochHistory.checkpoint());
    announce(epochHistory);
  }

  private void announce(EpochHistory epochHistory) {
    epoch = epochHistory.epoch();
    opened = epochHistory.epochs().getLast().opened();
    commit = epochHistory.commit();
    checkpoint = epochHistory.checkpoint();
    finalizedCheckpoint = Math.max(finalizedCheckpoint, epochHistory.finalizedCheckpoint());
    List<EpochEnds.End> news = new ArrayList<>();
    for (EpochHistory.Epoch each : epochHistory.epochs()) {
      Long before = publishedEnds.put(each.number(), each.end());
      if (before == null || before != each.end()) {
        news.add(new EpochEnds.End(each.number(), each.end(), each.opened()));
      }
    }
    publish(news);
  }

  /** Records a durable group. */
  void committed(CommitGroup group) {
    commit = group.number();
    checkpoint = group.checkpoint();
    if (!group.isReversible()) {
      finalizedCheckpoint = checkpoint;
      return;
    }
    for (ExecutedBatch batch : group.batches()) {
      batch
          .reached()
          .forEach(at -> window.add(new WindowBlock(at.block().number(), at.checkpoint())));
    }
    long finality = group.last().batch().finalBlock();
    while (!window.isEmpty() && window.getFirst().block <= finality) {
      finalizedCheckpoint = Math.max(finalizedCheckpoint, window.removeFirst().checkpoint);
    }
  }

  /** Publishes the durable checkpoint, unless it has not changed. */
  void publishIfAdvanced() {
    if (commit > lastPublishedCommit) {
      publishedEnds.put(epoch, checkpoint);
      publish(List.of(new EpochEnds.End(epoch, checkpoint, opened)));
    }
  }

  private void publish(List<EpochEnds.End> news) {
    EpochEnds ends = new EpochEnds(epoch, commit, news, finalizedCheckpoint);
    try {
      failpoint.reached(Failpoint.Point.BEFORE_PUBLISH, commit);
      retry.run("publish " + commit, () -> mirror.publish(ends));
    } catch (MillraceException failed) {
      throw new MillraceException(
          failed.remedy(),
          "publication failed: commit=%d reason=\"%s\"".formatted(commit, failed.getMessage()),
          failed);
    }
    lastPublishedCommit = commit;
    failpoint.reached(Failpoint.Point.PUBLISHED, commit);
  }
}
