package dev.millrace.verify;

import dev.millrace.clickhouse.ClickHouseMirror;
import dev.millrace.clickhouse.MirrorReader;
import dev.millrace.config.Config;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.Indexer;
import dev.millrace.postgres.PostgresSnapshot;
import dev.millrace.runner.ConfiguredDatabase;
import dev.millrace.runner.ConfiguredIndexer;
import dev.millrace.runner.MirrorDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Compares both stores of an indexer, also while a process is writing.
 *
 * <p>PostgreSQL goes first: one snapshot gives the checkpoint of each chain and the ends of its
 * epochs. ClickHouse has all these rows by then, since rows reach it before they are committed, and
 * is read as of that checkpoint with those ends, independent of later publications.
 */
public final class StoreVerification {
  private final Config config;
  private final ConfiguredIndexer indexer;
  private final Consumer<String> progress;
  private final LongSupplier nanos;

  private StoreVerification(
      Config config, ConfiguredIndexer indexer, Consumer<String> progress, LongSupplier nanos) {
    this.config = config;
    this.indexer = indexer;
    this.progress = progress;
    this.nanos = nanos;
  }

  public static StoreVerification of(Config config, Indexer indexer) {
    return new StoreVerification(
        config, new ConfiguredIndexer(indexer, config), _ -> {}, System::nanoTime);
  }

  /** Sets the listener that receives what is being read. */
  public StoreVerification onProgress(Consumer<String> listener) {
    return new StoreVerification(config, indexer, listener, nanos);
  }

  /** Replaces the clock, for tests. */
  public StoreVerification timedBy(LongSupplier clock) {
    return new StoreVerification(config, indexer, progress, clock);
  }

  /**
   * Reads and compares both stores.
   *
   * @throws MillraceException if they cannot be compared or read
   */
  public VerificationResult run() {
    MirrorDatabase.required(config);
    if (!ConfiguredDatabase.mayHoldRows(config)) {
      throw nothingYet();
    }
    try (ConfiguredDatabase database = ConfiguredDatabase.open(config);
        MirrorDatabase mirror = MirrorDatabase.open(config);
        PostgresSnapshot snapshot =
            PostgresSnapshot.open(database.settings(), indexer).orElseThrow(this::nothingYet);
        MirrorReader reader = ClickHouseMirror.reader(mirror.settings(), indexer)) {
      long begun = nanos.getAsLong();
      VerificationResult found = compare(snapshot, reader);
      Duration taken = Duration.ofNanos(nanos.getAsLong() - begun);
      if (!found.isEqual() && taken.compareTo(mirror.settings().longestQuery()) > 0) {
        throw undecided(taken);
      }
      return found;
    }
  }

  /** The comparison took longer than housekeeping spares rows for a reader. */
  private static MillraceException undecided(Duration taken) {
    return new MillraceException(
        Remedy.RETRY,
        "what differs may have been deleted while it was compared, because that took long; verify"
            + " again while nothing is indexed: minutes="
            + taken.toMinutes());
  }

  private MillraceException nothingYet() {
    return new MillraceException(
        Remedy.FIX_SETUP,
        "nothing is indexed yet, begin with `millrace run`: name=" + config.name());
  }

  private VerificationResult compare(PostgresSnapshot snapshot, MirrorReader reader) {
    List<VerificationResult.Compared> compared = new ArrayList<>();
    List<VerificationResult.LeftOut> leftOut = new ArrayList<>();
    for (EntityType<?> type : indexer.entities()) {
      String why = whyNot(type);
      if (!why.isEmpty()) {
        leftOut.add(new VerificationResult.LeftOut(type.name(), why));
        continue;
      }
      snapshot
          .epochHistories()
          .forEach((lane, epochHistory) ->
              compared.add(compare(type, lane, epochHistory, snapshot, reader)));
    }
    return new VerificationResult(compared, leftOut);
  }

  private String whyNot(EntityType<?> type) {
    Storage storage = indexer.storage(type);
    if (!storage.isMirrored()) {
      return "is kept in PostgreSQL only";
    }
    if (!storage.isInPostgres()) {
      return "is kept in ClickHouse only";
    }
    return type.layout().ttl().isEmpty() ? "" : "its rows expire in ClickHouse";
  }

  private <E> VerificationResult.Compared compare(
      EntityType<E> type,
      String lane,
      EpochHistory epochHistory,
      PostgresSnapshot snapshot,
      MirrorReader reader) {
    SortedMap<Long, Long> ends = ends(epochHistory);
    long checkpoint = epochHistory.checkpoint();
    StoreComparison.Result result =
        new StoreComparison<E>(
                type,
                each -> {
                  progress.accept("%s of chain %s in PostgreSQL".formatted(type.name(), lane));
                  snapshot.rows(type, lane, each);
                },
                each -> {
                  progress.accept("%s of chain %s in ClickHouse".formatted(type.name(), lane));
                  reader.rows(type, lane, checkpoint, ends, each);
                })
            .run();
    return new VerificationResult.Compared(
        type.name(), lane, checkpoint, result.postgres(), result.clickhouse(), result.found());
  }

  static SortedMap<Long, Long> ends(EpochHistory epochHistory) {
    Map<Long, Long> ends = new TreeMap<>();
    epochHistory.epochs().forEach(epoch -> ends.put(epoch.number(), epoch.end()));
    return new TreeMap<>(ends);
  }
}
