package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.ClickHouseDatabase;
import dev.millrace.clickhouse.client.ClickHouseErrors;
import dev.millrace.clickhouse.client.ClickHouseVersion;
import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneMirror;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** The mirror of one indexer: its database, and the state that the lanes of this process share. */
public final class ClickHouseMirror implements AutoCloseable {
  private final MirrorSettings settings;
  private final Indexer indexer;
  private final Failpoint failpoint;
  private final List<MirrorTable<?>> tables;
  private final InsertSettings inserts;
  private final Housekeeping housekeeping;
  private final List<ClickHouseLane> lanes = new CopyOnWriteArrayList<>();

  private ClickHouseMirror(
      MirrorSettings settings,
      Indexer indexer,
      Failpoint failpoint,
      List<MirrorTable<?>> tables,
      InsertSettings inserts) {
    this.settings = settings;
    this.indexer = indexer;
    this.failpoint = failpoint;
    this.tables = tables;
    this.inserts = inserts;
    this.housekeeping = new Housekeeping(settings, tables, System::nanoTime);
  }

  /**
   * Opens the mirror and creates missing tables and views.
   *
   * @throws MillraceException with remedy {@code FIX_SETUP} if the server is too old, or if the
   *     existing tables were made for another definition
   */
  public static ClickHouseMirror open(
      MirrorSettings settings, Indexer indexer, Failpoint failpoint) {
    InsertSettings inserts = create(settings, indexer);
    ClickHouseMirror mirror =
        new ClickHouseMirror(settings, indexer, failpoint, tables(indexer), inserts);
    mirror.housekeeping.start();
    return mirror;
  }

  static InsertSettings create(MirrorSettings settings, Indexer indexer) {
    List<MirrorTable<?>> tables = tables(indexer);
    try (ClickHouseDatabase server = new ClickHouseDatabase(settings)) {
      MirrorSchema.createDatabase(server, settings);
      ClickHouseVersion.check(server);
      new MirrorSchema(server, tables).create();
      return new InsertSettings(windows(tables), InsertSettings.novelties(server));
    }
  }

  /**
   * Drops the mirror and rebuilds it from rows that the caller supplies.
   *
   * @param held throws if another process has taken over one of the lanes
   * @throws MillraceException with remedy {@code FIX_SETUP}, and nothing dropped, if an entity is
   *     in ClickHouse only
   */
  public static MirrorRebuilder rebuild(MirrorSettings settings, Indexer indexer, Runnable held) {
    return MirrorRebuilder.begin(settings, indexer, held);
  }

  private static List<MirrorTable<?>> tables(Indexer indexer) {
    List<MirrorTable<?>> tables = new ArrayList<>();
    for (EntityType<?> type : indexer.entities()) {
      if (indexer.storage(type).isMirrored()) {
        tables.add(new MirrorTable<>(type));
      }
    }
    return tables;
  }

  private static Map<String, InsertDedupWindow> windows(List<MirrorTable<?>> tables) {
    Map<String, InsertDedupWindow> windows = new HashMap<>();
    windows.put(MirrorBookkeeping.REACHED, new InsertDedupWindow(false));
    tables.forEach(
        table -> windows.put(table.name(), new InsertDedupWindow(table.isPartitioned())));
    return windows;
  }

  /** Opens the mirror of a lane, which has connections of its own. */
  public LaneMirror lane(String lane) {
    ClickHouseLane made =
        new ClickHouseLane(
            new LaneId(indexer.name(), chain(lane)),
            settings,
            tables,
            inserts,
            housekeeping,
            failpoint);
    lanes.add(made);
    return made;
  }

  /**
   * Deletes the rows that no reader can see any more, now instead of on schedule. Any thread.
   *
   * @return the reason why it did not finish; nothing depends on it
   */
  public Optional<String> clean() {
    return housekeeping.run();
  }

  /**
   * Opens a reader of rows as of a checkpoint; creates nothing. A query may send nothing for a long
   * time.
   */
  public static MirrorReader reader(MirrorSettings settings, Indexer indexer) {
    return new MirrorReader(new ClickHouseDatabase(settings.ofLongQueries()), indexer);
  }

  /** Drops a mirror, whichever schema it follows. */
  public static boolean reset(MirrorSettings settings) {
    return reset(settings, followed(settings));
  }

  /**
   * Drops the tables and views that a mirror has made in its database, and nothing else there.
   *
   * @param schema what {@link #followed} said before PostgreSQL was reset: a mirror that an indexer
   *     has begun since then is left alone
   * @return true if there was anything to drop; false also without such a database
   */
  public static boolean reset(MirrorSettings settings, Optional<String> schema) {
    try (ClickHouseDatabase server = new ClickHouseDatabase(settings)) {
      if (MirrorSchema.ours(server).isEmpty()) {
        return false;
      }
      FencedDrop.run(server, () -> requireFollowed(settings, schema));
      return true;
    } catch (MillraceException failed) {
      if (ClickHouseErrors.code(failed) == ClickHouseErrors.UNKNOWN_DATABASE) {
        return false;
      }
      throw failed;
    }
  }

  private static void requireFollowed(MirrorSettings settings, Optional<String> schema) {
    Optional<String> now = followed(settings);
    if (!now.equals(schema)) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "mirror has been begun anew during the reset and is left alone: database="
              + settings.database());
    }
  }

  /**
   * Checks the owner before a mirror is dropped: a wrong database name would drop the mirror of an
   * indexer that goes on writing there.
   *
   * @param schema of the caller, as epoch histories call it; empty if there is none
   * @throws MillraceException with remedy {@code FIX_SETUP} if the mirror follows another schema
   */
  public static void checkFollows(MirrorSettings settings, Optional<String> schema) {
    Optional<String> followed = followed(settings);
    if (followed.isPresent() && !followed.equals(schema)) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "mirror follows another schema and somebody may still write there: database=%s; if nobody"
                  .formatted(settings.database())
              + " does, add --any-mirror");
    }
  }

  /** Returns the schema that a mirror follows; empty if no lane has begun. */
  public static Optional<String> followed(MirrorSettings settings) {
    try (ClickHouseDatabase server = new ClickHouseDatabase(settings)) {
      return MirrorConsistencyCheck.identity(server);
    } catch (MillraceException failed) {
      int code = ClickHouseErrors.code(failed);
      if (code == ClickHouseErrors.UNKNOWN_DATABASE || code == ClickHouseErrors.UNKNOWN_TABLE) {
        return Optional.empty();
      }
      throw failed;
    }
  }

  static long chain(String lane) {
    try {
      return Long.parseUnsignedLong(lane);
    } catch (NumberFormatException wrong) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "lane must be the number of a chain: lane=" + lane, wrong);
    }
  }

  /** Idempotent and bounded; ends calls in flight. */
  @Override
  public void close() {
    housekeeping.close();
    lanes.forEach(ClickHouseLane::close);
  }
}
