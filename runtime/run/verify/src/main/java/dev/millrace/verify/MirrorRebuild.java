package dev.millrace.verify;

import static java.util.Objects.requireNonNull;

import dev.millrace.clickhouse.ClickHouseMirror;
import dev.millrace.clickhouse.MirrorRebuilder;
import dev.millrace.config.Config;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.postgres.PostgresSnapshot;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.runner.ConfiguredDatabase;
import dev.millrace.runner.ConfiguredIndexer;
import dev.millrace.runner.MirrorDatabase;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Refills ClickHouse from PostgreSQL, which has the state at the last final block and the changes
 * of every block since. Earlier versions are lost.
 *
 * <p>Takes every lane over as a run does, so that no other process writes meanwhile, and marks the
 * mirror as whole only after it has confirmed that it still holds the lanes. It may be stopped at
 * any moment and go on after another process has taken the lanes over: the drop is fenced in
 * ClickHouse, the change of earlier epochs in PostgreSQL, and rows go under an epoch of its own.
 */
public final class MirrorRebuild {
  private final Config config;
  private final ConfiguredIndexer indexer;
  private final Consumer<String> progress;
  private final boolean anyMirror;

  private MirrorRebuild(
      Config config, ConfiguredIndexer indexer, Consumer<String> progress, boolean anyMirror) {
    this.config = config;
    this.indexer = indexer;
    this.progress = progress;
    this.anyMirror = anyMirror;
  }

  public static MirrorRebuild of(Config config, Indexer indexer) {
    return new MirrorRebuild(config, new ConfiguredIndexer(indexer, config), _ -> {}, false);
  }

  /** Sets the listener that receives what is being filled. */
  public MirrorRebuild onProgress(Consumer<String> listener) {
    return new MirrorRebuild(config, indexer, listener, anyMirror);
  }

  /** Allows a mirror of another schema to be replaced as well. */
  public MirrorRebuild ofAnyMirror(boolean any) {
    return new MirrorRebuild(config, indexer, progress, any);
  }

  /**
   * Rebuilds the mirror and returns the epoch history of each chain up to which it is whole.
   *
   * @throws MillraceException with remedy {@code FIX_SETUP}, and nothing changed, if it cannot be
   *     made from PostgreSQL
   */
  public SortedMap<String, EpochHistory> run() {
    MirrorDatabase.required(config);
    checkEntities();
    if (!ConfiguredDatabase.mayHoldRows(config)) {
      throw nothingYet();
    }
    try (ConfiguredDatabase database = ConfiguredDatabase.open(config);
        MirrorDatabase mirror = MirrorDatabase.open(config)) {
      Set<String> lanes = lanes(database.settings());
      try (PostgresStore store = PostgresStore.open(database.settings(), indexer, Failpoint.NONE)) {
        Map<String, LaneStore> held = new TreeMap<>();
        lanes.forEach(lane -> held.put(lane, store.takeOver(lane)));
        if (!anyMirror) {
          Optional<String> schema =
              PostgresStore.status(database.settings(), config.name())
                  .map(status -> status.id().toString());
          ClickHouseMirror.checkFollows(mirror.settings(), schema);
        }
        Runnable check = () -> held.values().forEach(LaneStore::epochHistory);
        progress.accept("drop of what is there");
        try (MirrorRebuilder rebuild =
            ClickHouseMirror.rebuild(mirror.settings(), indexer, check)) {
          // After the drop: a mirror that is there must not lose what its ends count.
          disownEarlierEpochs(database.settings(), held);
          return fill(database.settings(), rebuild, held.keySet(), check);
        }
      }
    }
  }

  private void disownEarlierEpochs(DatabaseSettings settings, Map<String, LaneStore> held) {
    held.forEach((lane, holding) -> {
      progress.accept("earlier epochs of chain " + lane);
      PostgresStore.disownEarlierEpochs(settings, config.name(), lane, holding.opened().epoch());
    });
  }

  private SortedMap<String, EpochHistory> fill(
      DatabaseSettings settings, MirrorRebuilder rebuild, Set<String> lanes, Runnable check) {
    try (PostgresSnapshot snapshot =
        PostgresSnapshot.open(settings, indexer).orElseThrow(this::nothingYet)) {
      check.run(); // the rows would go under the epoch of a process that has a lane by now
      lanes.forEach(lane -> {
        rebuild.begin(lane, requireNonNull(snapshot.epochHistories().get(lane)));
        fill(snapshot, rebuild, lane);
        rebuild.end();
      });
      return new TreeMap<>(snapshot.epochHistories());
    }
  }

  private void checkEntities() {
    List<String> only =
        indexer.entities().stream()
            .filter(type -> !indexer.storage(type).isInPostgres())
            .map(EntityType::name)
            .toList();
    if (!only.isEmpty()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          """
          PostgreSQL cannot fill ClickHouse anew, entities are kept in ClickHouse only: entities=%s
          Nothing was touched. Only `reset` helps: it deletes both and indexes anew.\
          """
              .formatted(String.join(",", only)));
    }
    if (!indexer.isMirrored()) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "indexer mirrors nothing: name=" + config.name());
    }
  }

  private MillraceException nothingYet() {
    return new MillraceException(
        Remedy.FIX_SETUP,
        "nothing is indexed yet, begin with `millrace run`: name=" + config.name());
  }

  /** Returns the lanes of the config and all that an earlier config had. */
  private Set<String> lanes(DatabaseSettings settings) {
    Set<String> lanes = new TreeSet<>();
    PostgresStore.status(settings, config.name())
        .orElseThrow(this::nothingYet)
        .lanes()
        .forEach(lane -> lanes.add(lane.lane()));
    config.chains().forEach(chain -> lanes.add(Long.toString(chain.id())));
    return lanes;
  }

  private void fill(PostgresSnapshot snapshot, MirrorRebuilder rebuild, String lane) {
    for (EntityType<?> type : indexer.entities()) {
      if (indexer.storage(type).isMirrored()) {
        progress.accept("%s of chain %s".formatted(type.name(), lane));
        fill(snapshot, rebuild, lane, type);
      }
    }
    snapshot
        .window(lane)
        .forEach(reached -> rebuild.reached(reached.block(), reached.checkpoint()));
  }

  private static <E> void fill(
      PostgresSnapshot snapshot, MirrorRebuilder rebuild, String lane, EntityType<E> type) {
    snapshot.versions(
        type,
        lane,
        (checkpoint, id, row) -> {
          if (row == null) {
            rebuild.deleted(type, id, checkpoint);
          } else {
            rebuild.saved(type, row, checkpoint);
          }
        });
  }
}
