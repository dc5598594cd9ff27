package dev.millrace.scenarios;

import dev.millrace.app.ExitCode;
import dev.millrace.app.Verification;
import dev.millrace.app.Verify;
import dev.millrace.clickhouse.ClickHouseMirror;
import dev.millrace.config.Config;
import dev.millrace.config.ConfigFile;
import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.Tip;
import dev.millrace.loaders.Address;
import dev.millrace.pipeline.Block;
import dev.millrace.pipeline.Indexer;
import dev.millrace.postgres.DatabaseSettings;
import dev.millrace.postgres.PostgresStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SortedMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Lets a chain fork under processes that follow it over nodes with faults and are killed meanwhile,
 * and compares what is left with a fresh index of the chain that is left, read from a node without
 * any.
 */
record ReorgSoak(
    Subject subject, DevChain chain, Place place, long seed, Toll toll, Consumer<String> progress) {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int DEEPEST = 40;
  private static final int WINDOW = 64;
  private static final int KEPT_TIPS = 6;
  private static final int COMPARISONS = 4;

  /** What is indexed. */
  record Subject(Indexer definition, String contract, Address address) {
    String indexer() {
      return definition.name();
    }
  }

  /** Where it is indexed to. */
  record Place(DatabaseSettings database, Optional<Twin> twin, Path directory) {
    ChildConfig.Stores stores() {
      return new ChildConfig.Stores(database, twin.map(Twin::mirror));
    }
  }

  /**
   * The second store, when there is one.
   *
   * @param victims the stores that are killed, in turn
   */
  record Twin(ChildConfig.Mirror mirror, List<Victim> victims) {}

  /**
   * What is asked of a soak.
   *
   * @param reorgs of 1 to 40 blocks; about one in four goes back to a branch that the chain was on
   *     before, and one in three comes at once, while the one before it may still be undone
   * @param kills how many processes get SIGKILL
   * @param stops before how many of a hundred of these one gets SIGSTOP and a successor as well
   * @param storeKills how often each store is killed
   */
  record Toll(int reorgs, int kills, int stops, int storeKills) {}

  /**
   * What a soak has seen.
   *
   * @param rewinds how many reorgs had to be undone in the database; others fell between two looks,
   *     or on blocks that no process had committed
   */
  record Result(
      int reorgs, int returns, Deaths deaths, long rewinds, int comparisons, int agreements) {}

  /**
   * Who died.
   *
   * @param takeovers how many gave way to a successor
   * @param restarts processes that met a store's death at their start and said they were worth a
   *     restart
   */
  record Deaths(int kills, int takeovers, int storeKills, int restarts) {}

  Result run() throws IOException, SQLException, InterruptedException, Soak.Failure {
    chain.finality(WINDOW);
    try (TroubledNodes nodes = TroubledNodes.open(chain);
        Course course = new Course(nodes)) {
      return course.run();
    }
  }

  /** One soak while it lasts. */
  private final class Course implements AutoCloseable {
    private final String soakedSchema = subject.indexer() + "_reorged";
    private final String freshSchema = subject.indexer() + "_fresh";
    private final Random random = new Random(seed);
    private final List<Tip> left = new ArrayList<>();
    private final TroubledNodes nodes;
    private final Path config;
    private Child child;
    private int forked;
    private int returned;
    private int killed;
    private int takenOver;
    private int compared;
    private int storesKilled;
    private int restarted;
    private int agreed;

    Course(TroubledNodes nodes) throws IOException {
      this.nodes = nodes;
      PostgresStore.reset(place.database, soakedSchema);
      place.twin.ifPresent(twin -> ClickHouseMirror.reset(twin.mirror.settings(soakedSchema)));
      this.config = config(soakedSchema, place.stores(), nodes.urls());
      this.child = start();
    }

    private Path config(String schema, ChildConfig.Stores stores, List<String> rpc)
        throws IOException {
      ChildConfig.Stretch stretch = new ChildConfig.Stretch(rpc, null, WINDOW);
      Files.createDirectories(place.directory);
      // What an earlier process has kept of final blocks may be of another chain by now.
      Path directory = Files.createTempDirectory(place.directory, schema + "-");
      return new ChildConfig(schema, stores, subject.contract, subject.address, stretch)
          .write(directory);
    }

    private Child start() {
      return start(config);
    }

    private Child start(Path of) {
      return Child.run(subject.indexer(), of, place.stores().passwords());
    }

    Result run() throws IOException, SQLException, InterruptedException, Soak.Failure {
      child.awaitWork(PATIENCE);
      awaitTip(() -> child, soakedSchema);
      List<Victim> victims = place.twin.map(Twin::victims).orElse(List.of());
      int deadStores = toll.storeKills * victims.size();
      while (forked < toll.reorgs || killed < toll.kills || storesKilled < deadStores) {
        turn();
        if (isDue(killed, toll.kills)) {
          end();
          agree();
        }
        if (isDue(storesKilled, deadStores)) {
          strike(victims.get(storesKilled % victims.size()));
          agree();
        }
        pace();
        if (forked * COMPARISONS / Math.max(1, toll.reorgs) > compared) {
          compare();
        }
      }
      if (compared < COMPARISONS) {
        compare();
      }
      agree();
      Deaths deaths = new Deaths(killed, takenOver, storesKilled, restarted);
      return new Result(forked, returned, deaths, rewinds(), compared, agreed);
    }

    /** Deaths come as evenly as forks do. */
    private boolean isDue(int died, int wanted) {
      return died < wanted && (long) died * toll.reorgs < (long) forked * wanted;
    }

    /** The chain grows a little and turns; now and then it turns again at once. */
    private void turn() {
      chain.advance(random.nextInt(4));
      do {
        Tip before = chain.tip();
        long most = Math.min(DEEPEST, before.head() - chain.finalized());
        if (random.nextInt(4) != 0 || !goBack(before, most)) {
          long depth = most <= 0 ? 0 : 1 + random.nextLong(most);
          chain.fork(depth, Math.max(1, depth - 2 + random.nextInt(5)));
        }
        left.addFirst(before);
        if (left.size() > KEPT_TIPS) {
          left.removeLast();
        }
        forked++;
        pause(random.nextInt(60));
      } while (random.nextInt(3) == 0 && forked < toll.reorgs);
    }

    /** Back to a branch that the chain was on before, if one is near enough. */
    private boolean goBack(Tip now, long most) {
      for (Tip earlier : left) {
        long shared = now.shared(earlier);
        if (shared < now.head() && shared < earlier.head() && now.head() - shared <= most) {
          chain.backTo(new Tip(earlier.branch(), Math.max(earlier.head(), now.head() - 2)));
          returned++;
          return true;
        }
      }
      return false;
    }

    /** The process dies: while it undoes, while it indexes, or before it has begun. */
    private void end() throws InterruptedException, Soak.Failure {
      switch (random.nextInt(4)) {
        case 0 -> {}
        case 1, 2 -> {
          child.awaitWork(PATIENCE);
          pause(random.nextInt(40));
        }
        default -> {
          child.awaitWork(PATIENCE);
          pause(random.nextInt(600));
        }
      }
      requireAlive(child);
      if (random.nextInt(100) < toll.stops) {
        Succession.Outcome outcome =
            new Succession(child, this::start, random.nextInt(500), () -> chain.advance(1)).run();
        takenOver += outcome.gaveWay() ? 1 : 0;
        child = outcome.heir(); // it has worked for a while, and is the one that dies
        requireAlive(child);
      }
      child.kill();
      child = start();
      killed++;
      if (killed % 10 == 0) {
        progress.accept("reorgs=%d kills=%d".formatted(forked, killed));
      }
    }

    /** A store dies under whoever works with it; now and then that one dies with it. */
    private void strike(Victim victim) throws InterruptedException, Soak.Failure {
      if (random.nextInt(4) != 0) {
        child.awaitWork(PATIENCE);
      }
      pause(random.nextInt(300));
      victim.kill();
      storesKilled++;
      boolean together = random.nextInt(8) == 0;
      if (together) {
        child.kill();
      } else {
        chain.advance(random.nextInt(4));
      }
      victim.awaitReturn();
      if (together) {
        child = start();
      }
      child.awaitWork(PATIENCE);
      requireAlive(child);
    }

    /** Both stores hold the same, whatever they have come to. */
    private void agree() throws InterruptedException, Soak.Failure {
      if (place.twin.isEmpty()) {
        return;
      }
      child.awaitWork(PATIENCE);
      requireAlive(child);
      Verification found = Verify.of(told(), subject.definition).run();
      if (!found.isEqual() || found.compared().isEmpty()) {
        throw new Soak.Failure(
            "the stores differ after %d reorgs, %d kills and %d kills of stores: schema=%s %s"
                .formatted(forked, killed, storesKilled, soakedSchema, found));
      }
      agreed++;
    }

    /** What the processes are told. */
    private Config told() throws Soak.Failure {
      return switch (ConfigFile.read(config, place.stores().passwords())) {
        case ConfigFile.Valid valid -> valid.config();
        case ConfigFile.Invalid invalid -> throw new Soak.Failure("config is wrong: " + invalid);
      };
    }

    /** Mostly the chain waits until it has been followed; sometimes it goes on at once. */
    private void pace() throws SQLException, InterruptedException, Soak.Failure {
      if (random.nextInt(3) != 0) {
        awaitTip(() -> child, soakedSchema);
      } else {
        pause(random.nextInt(200));
      }
    }

    private void awaitTip(Supplier<Child> follower, String schema)
        throws SQLException, InterruptedException, Soak.Failure {
      Tip tip = chain.tip();
      Block last = chain.block(tip.head());
      String wanted = last.number() + " " + HexFormat.of().formatHex(last.hash().bytes());
      long until = System.nanoTime() + PATIENCE.toNanos();
      try (Connection connection = Tables.connect(place.database)) {
        for (String found = ""; !found.equals(wanted); found = standing(connection, schema)) {
          requireAlive(follower.get());
          if (System.nanoTime() - until > 0) {
            throw new Soak.Failure(
                "the chain is not followed: wanted=%s found=%s output=%n%s"
                    .formatted(wanted, found, follower.get().output()));
          }
          pause(5);
        }
      }
    }

    private String standing(Connection connection, String schema) throws SQLException {
      return one(
          connection,
          """
          SELECT coalesce((SELECT block || ' ' || encode(block_hash, 'hex')
                             FROM %s.millrace_lane WHERE block IS NOT NULL), 'nowhere')
          """
              .formatted(Tables.quoted(schema)));
    }

    /** One that says it is worth a restart gets it, where stores die. */
    private void requireAlive(Child follower) throws InterruptedException, Soak.Failure {
      if (follower.isAlive()) {
        return;
      }
      if (follower.equals(child)
          && toll.storeKills > 0
          && follower.exitCode() == ExitCode.RESTART) {
        restarted++;
        progress.accept("worth a restart: " + follower.output());
        child = start();
        return;
      }
      throw new Soak.Failure(
          "a process ended by itself: exit=%d output=%n%s"
              .formatted(follower.exitCode(), follower.output()));
    }

    /**
     * The tables against those of a process that has seen nothing but the chain as it is now,
     * without faults.
     */
    private void compare() throws IOException, SQLException, InterruptedException, Soak.Failure {
      awaitTip(() -> child, soakedSchema);
      PostgresStore.reset(place.database, freshSchema);
      ChildConfig.Stores alone = ChildConfig.Stores.of(place.database);
      try (Child fresh = start(config(freshSchema, alone, nodes.faultlessUrls()))) {
        fresh.awaitWork(PATIENCE);
        awaitTip(() -> fresh, freshSchema);
        fresh.kill();
      }
      try (Connection connection = Tables.connect(place.database)) {
        SortedMap<String, Tables.Content> expected = Tables.contents(connection, freshSchema);
        SortedMap<String, Tables.Content> found = Tables.contents(connection, soakedSchema);
        if (!found.equals(expected)) {
          throw new Soak.Failure(
              "tables differ after %d reorgs and %d kills: schemas=%s, %s%n  fresh   %s%n  soaked  %s"
                  .formatted(forked, killed, freshSchema, soakedSchema, expected, found));
        }
      }
      compared++;
      progress.accept(
          "tables equal a fresh index: reorgs=%d kills=%d head=%d"
              .formatted(forked, killed, chain.head()));
    }

    /** A process opens one epoch when it takes the lane, and one more with each rewind. */
    private long rewinds() throws SQLException {
      try (Connection connection = Tables.connect(place.database)) {
        return Long.parseLong(
            one(
                connection,
                "SELECT count(*) - count(DISTINCT (host, pid)) FROM %s.millrace_epoch"
                    .formatted(Tables.quoted(soakedSchema))));
      }
    }

    private static String one(Connection connection, String sql) throws SQLException {
      try (Statement statement = connection.createStatement();
          ResultSet found = statement.executeQuery(sql)) {
        found.next();
        return found.getString(1);
      }
    }

    private static void pause(int millis) {
      LockSupport.parkNanos(millis * 1_000_000L);
    }

    @Override
    public void close() {
      child.close();
    }
  }
}
