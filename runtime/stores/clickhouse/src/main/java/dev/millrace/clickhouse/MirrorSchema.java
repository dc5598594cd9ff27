package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.ClickHouseDatabase;
import dev.millrace.clickhouse.client.ClickHouseErrors;
import dev.millrace.clickhouse.client.ClickHouseSql;
import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.clickhouse.client.RowBinaryInput;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tables and views of a mirror: creates missing ones, refuses those made for another definition.
 * The comment of each holds its definition, which is as durable as the table.
 */
final class MirrorSchema {
  static final String REBUILD = "`millrace rebuild` makes the mirror anew from PostgreSQL";

  private static final Logger LOG = LoggerFactory.getLogger(MirrorSchema.class);

  /** Begins the comment of each table and view of a mirror. */
  static final String OWN_TABLES = "millrace ";

  private static final String VERSION = "millrace 1\n";
  private static final String SOMEWHERE = "default";

  private final ClickHouseDatabase server;
  private final List<MirrorTable<?>> tables;

  MirrorSchema(ClickHouseDatabase server, List<MirrorTable<?>> tables) {
    this.server = server;
    this.tables = tables;
  }

  /** Tries the database first: a user with rights to one database can only find it there. */
  static void createDatabase(ClickHouseDatabase server, MirrorSettings settings) {
    try {
      server.execute("mirror", "SELECT 1");
    } catch (MillraceException failed) {
      if (ClickHouseErrors.code(failed) != ClickHouseErrors.UNKNOWN_DATABASE) {
        throw failed;
      }
      try (ClickHouseDatabase elsewhere = new ClickHouseDatabase(settings, SOMEWHERE)) {
        elsewhere.execute(
            "mirror", "CREATE DATABASE IF NOT EXISTS " + ClickHouseSql.name(settings.database()));
      }
    }
  }

  /** Drops tables and views whose comment marks them as ours; true if there were any. */
  static boolean drop(ClickHouseDatabase server) {
    List<String> ours = ours(server);
    ours.forEach(name -> drop(server, name));
    return !ours.isEmpty();
  }

  static void drop(ClickHouseDatabase server, String name) {
    server.execute(
        "reset of the mirror",
        "DROP TABLE IF EXISTS %s SETTINGS max_table_size_to_drop = 0"
            .formatted(ClickHouseSql.name(name)));
  }

  /**
   * Returns the tables and views whose comment marks them as ours, in the order in which they may
   * go. Views go first, because the tables that they read must not vanish under them, then rows,
   * then the tables that say whose they are: wherever a drop breaks off, no rows are left that
   * would pass for those of a later indexer.
   */
  static List<String> ours(ClickHouseDatabase server) {
    List<String> ours = new ArrayList<>();
    existing(server)
        .forEach((name, comment) -> {
          if (comment.startsWith(OWN_TABLES)) {
            ours.add(name);
          }
        });
    ours.sort(Comparator.comparingInt(MirrorSchema::dropOrder));
    return ours;
  }

  /** The position in the order of drops. */
  private static int dropOrder(String name) {
    List<String> own =
        List.of(MirrorBookkeeping.REACHED, MirrorBookkeeping.ENDS, MirrorBookkeeping.MIRROR);
    if (name.startsWith(MirrorTable.ROWS)) {
      return 0;
    }
    return own.contains(name) ? own.indexOf(name) + 1 : -1;
  }

  void create() {
    Map<String, String> there = existing(server);
    checkDefinitions(there);
    MirrorBookkeeping.tables().forEach((name, body) -> createOwn(name, body, there));
    boolean born = isBorn();
    if (!born) {
      checkEmpty(there);
    }
    for (MirrorTable<?> table : tables) {
      if (!there.containsKey(table.name())) {
        if (born) {
          throw changed("table is missing: table=" + table.name());
        }
        server.execute("mirror", table.create());
      }
    }
    views().forEach((name, body) -> createView(name, body, there));
  }

  /** Returns the names and comments of all tables and views in the database. */
  private static Map<String, String> existing(ClickHouseDatabase server) {
    return server.query(
        "mirror",
        "SELECT name, comment FROM system.tables WHERE database = currentDatabase()",
        rows -> {
          Map<String, String> found = new TreeMap<>();
          while (rows.hasNext()) {
            found.put(rows.readText(), rows.readText());
          }
          return found;
        });
  }

  private Map<String, String> views() {
    Map<String, String> views = new LinkedHashMap<>(MirrorBookkeeping.views());
    for (MirrorTable<?> table : tables) {
      MirrorViews.of(table)
          .forEach((name, body) -> {
            if (views.put(name, body) != null) {
              throw new MillraceException(
                  Remedy.FIX_SETUP,
                  "two views of the mirror have one name, rename an entity: view=" + name);
            }
          });
    }
    return views;
  }

  private void checkDefinitions(Map<String, String> there) {
    Map<String, MirrorTable<?>> wanted = new TreeMap<>();
    tables.forEach(table -> wanted.put(table.name(), table));
    there.forEach((name, comment) -> {
      MirrorTable<?> table = wanted.get(name);
      if (table != null && !comment.equals(table.comment())) {
        throw changed(
            "table was made for another definition: table=%s %s"
                .formatted(name, difference(comment, table.comment())));
      }
      if (table == null && name.startsWith(MirrorTable.ROWS)) {
        throw changed("table belongs to no entity that is mirrored: table=" + name);
      }
    });
  }

  /** Refuses rows of an unknown writer: they would count as soon as their epochs come again. */
  private void checkEmpty(Map<String, String> there) {
    for (String name : there.keySet()) {
      boolean holdsRows =
          name.startsWith(MirrorTable.ROWS)
              || name.equals(MirrorBookkeeping.REACHED)
              || name.equals(MirrorBookkeeping.ENDS);
      if (holdsRows && !isEmpty(name)) {
        throw changed(
            "it has rows and does not know whose, a reset or a rebuild did not come to its end and"
                + " must be begun again: table="
                + name);
      }
    }
  }

  private boolean isEmpty(String table) {
    return server.query(
        "mirror",
        "SELECT 1 FROM %s LIMIT 1".formatted(ClickHouseSql.name(table)),
        rows -> !rows.hasNext());
  }

  private static MillraceException changed(String what) {
    return new MillraceException(
        Remedy.FIX_SETUP, "mirror does not fit the indexer: %s; %s".formatted(what, REBUILD));
  }

  private static String difference(String was, String now) {
    List<String> gone = new ArrayList<>(was.lines().toList());
    List<String> come = new ArrayList<>(now.lines().toList());
    gone.removeAll(now.lines().toList());
    come.removeAll(was.lines().toList());
    return "was=%s now=%s".formatted(gone, come);
  }

  private void createOwn(String name, String body, Map<String, String> there) {
    String comment = VERSION + body;
    String known = there.get(name);
    if (known == null) {
      server.execute(
          "mirror",
          "CREATE TABLE IF NOT EXISTS %s %s\nCOMMENT %s"
              .formatted(ClickHouseSql.name(name), body, ClickHouseSql.text(comment)));
    } else if (!known.equals(comment)) {
      throw changed("table was made by another version: table=" + name);
    }
  }

  /** Views hold nothing, so a view of another version is replaced. */
  private void createView(String name, String body, Map<String, String> there) {
    String comment = VERSION + Integer.toHexString(body.hashCode());
    String known = there.get(name);
    if (comment.equals(known)) {
      return;
    }
    if (known != null && !known.startsWith(OWN_TABLES)) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "database has a table of this name that is not ours, give the mirror a database of its"
              + " own: table="
              + name);
    }
    String create = known == null ? "CREATE VIEW IF NOT EXISTS" : "CREATE OR REPLACE VIEW";
    server.execute(
        "mirror",
        "%s %s AS\n%s\nCOMMENT %s"
            .formatted(create, ClickHouseSql.name(name), body, ClickHouseSql.text(comment)));
    if (known != null) {
      LOG.info("replaced a view: view={}", name);
    }
  }

  /** True if a lane has begun to write. */
  private boolean isBorn() {
    return server.query(
        "mirror", "SELECT count() > 0 FROM " + MirrorBookkeeping.MIRROR, MirrorSchema::readFlag);
  }

  private static boolean readFlag(RowBinaryInput rows) throws IOException {
    return rows.readFlag();
  }
}
