package dev.millrace.scenarios;

import dev.millrace.clickhouse.ClickHouseMirror;
import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.config.Config;
import dev.millrace.config.ConfigFile;
import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.pipeline.Indexer;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.runner.ExitCode;
import dev.millrace.verify.StoreVerification;
import dev.millrace.verify.VerificationResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SortedMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Lets a chain fork under processes that follow it over nodes with faults and are killed meanwhile,
 * and compares the tables of both stores with those that an oracle computes from the chain itself.
 */
record ReorgSoak(
    DevChain chain, SoakStores place, long seed, SoakTargets targets, Consumer<String> progress) {
  /** A JVM has taken 100 s to start on a machine with a load of ten per core. */
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private static final int WINDOW = 64;
  private static final int REORGS_PER_COMPARISON = 5;
  private static final long LOOK_NANOS = 20_000_000;

  private static final Indexer SUBJECT = VaultRoutes.indexer();

  /** Returns the chain of a soak: the more pools, the more of its contracts are discovered. */
  static DevChainSettings settings(long seed, long blocks) {
    return DevChainSettings.DEFAULTS
        .withSeed(seed)
        .withBlocks(blocks)
        .withLogs(12)
        .withPools(1_000, 2)
        .withVaults(true);
  }

  /** The stores and the directory of a soak. */
  record SoakStores(DatabaseSettings database, Optional<MirrorSoak> mirrorSoak, Path directory) {
    IndexerChildConfig.Stores stores() {
      return new IndexerChildConfig.Stores(database, mirrorSoak.map(MirrorSoak::mirror));
    }
  }

  /**
   * The second store, if there is one.
   *
   * @param victims the stores that are killed, in turn
   */
  record MirrorSoak(IndexerChildConfig.Mirror mirror, List<KillableStore> victims) {}

  /**
   * The reorgs and kills that a soak must reach.
   *
   * @param reorgs of 1 to 40 blocks; about one in four goes back to an earlier branch of the chain,
   *     and one in three comes at once, while the one before it may still be undone
   * @param kills the number of processes that get SIGKILL
   * @param stops the number of kills in a hundred before which a process gets SIGSTOP and a
   *     successor as well
   * @param storeKills the number of kills of each store
   */
  record SoakTargets(int reorgs, int kills, int stops, int storeKills) {}

  /**
   * The counts of a finished soak.
   *
   * @param rewinds reorgs that had to be undone in the database; others fell between two looks, or
   *     on blocks that no process had committed
   */
  record Result(
      int reorgs, int returns, Deaths deaths, long rewinds, int comparisons, int agreements) {}

  /**
   * The deaths in a soak.
   *
   * @param takeovers processes that gave way to a successor
   * @param restarts processes that met a store's death at their start and asked for a restart by
   *     their exit code
   */
  record Deaths(int kills, int takeovers, int storeKills, int restarts) {}

  Result run() throws IOException, SQLException, InterruptedException, CrashRestartSoak.Failure {
    chain.finality(WINDOW);
    try (FaultyNodePair nodes = FaultyNodePair.open(chain);
        Course course = new Course(nodes)) {
      return course.run();
    }
  }

  /** The state of a soak while it runs. */
  private final class Course implements AutoCloseable {
    private final String schema = SUBJECT.name() + "_reorged";
    private final SoakedLaneReader lane = new SoakedLaneReader(place.database, schema);
    private final Random random = new Random(seed);
    private final ForkingChain forks = new ForkingChain(chain, random);
    private final Path config;
    private IndexerChildProcess child;
    private int killed;
    private int takenOver;
    private int compared;
    private int storesKilled;
    private int restarted;
    private int agreed;

    Course(FaultyNodePair nodes) throws IOException {
      PostgresStore.reset(place.database, schema);
      place.mirrorSoak.ifPresent(twin -> ClickHouseMirror.reset(twin.mirror.settings(schema)));
      this.config = config(nodes.urls());
      this.child = start();
    }

    private Path config(List<String> rpc) throws IOException {
      IndexerChildConfig.IndexedRange stretch =
          new IndexerChildConfig.IndexedRange(rpc, null, WINDOW);
      Files.createDirectories(place.directory);
      // A new directory: the raw cache of an earlier process may be of another chain by now.
      Path directory = Files.createTempDirectory(place.directory, schema + "-");
      return new IndexerChildConfig(
              schema, place.stores(), VaultRoutes.FACTORY, DevChain.FACTORY, stretch)
          .write(directory);
    }

    private IndexerChildProcess start() {
      return IndexerChildProcess.run(SUBJECT.name(), config, place.stores().passwords());
    }

    Result run() throws IOException, SQLException, InterruptedException, CrashRestartSoak.Failure {
      child.awaitWork(PATIENCE);
      awaitTip();
      List<KillableStore> victims = place.mirrorSoak.map(MirrorSoak::victims).orElse(List.of());
      int deadStores = targets.storeKills * victims.size();
      while (forks.forked() < targets.reorgs
          || killed < targets.kills
          || storesKilled < deadStores) {
        forks.move(targets.reorgs);
        if (isDue(killed, targets.kills)) {
          end();
          agree();
        }
        if (isDue(storesKilled, deadStores)) {
          strike(victims.get(storesKilled % victims.size()));
          agree();
        }
        pace();
        if (forks.forked() / REORGS_PER_COMPARISON > compared) {
          compare();
        }
      }
      compare();
      agree();
      Deaths deaths = new Deaths(killed, takenOver, storesKilled, restarted);
      return new Result(forks.forked(), forks.returned(), deaths, lane.rewinds(), compared, agreed);
    }

    /** Spreads deaths evenly over the forks. */
    private boolean isDue(int died, int wanted) {
      return died < wanted && (long) died * targets.reorgs < (long) forks.forked() * wanted;
    }

    /** Kills the process: while it rewinds, while it indexes, or before it has begun. */
    private void end() throws InterruptedException, CrashRestartSoak.Failure {
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
      if (random.nextInt(100) < targets.stops) {
        TakeoverScenario.Outcome outcome =
            new TakeoverScenario(child, this::start, random.nextInt(500), () -> chain.advance(1))
                .run();
        takenOver += outcome.gaveWay() ? 1 : 0;
        child = outcome.successor(); // the successor has worked for a while, and is killed next
        requireAlive(child);
      }
      child.kill();
      child = start();
      killed++;
      if (killed % 10 == 0) {
        progress.accept("reorgs=%d kills=%d".formatted(forks.forked(), killed));
      }
    }

    /**
     * Kills a store under the process that works with it; now and then kills that process as well.
     */
    private void strike(KillableStore victim)
        throws InterruptedException, CrashRestartSoak.Failure {
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

    /** Checks that both stores hold the same at any position. */
    private void agree() throws InterruptedException, CrashRestartSoak.Failure {
      if (place.mirrorSoak.isEmpty()) {
        return;
      }
      child.awaitWork(PATIENCE);
      requireAlive(child);
      VerificationResult found = StoreVerification.of(verified(), SUBJECT).run();
      if (!found.isEqual() || found.compared().isEmpty()) {
        throw new CrashRestartSoak.Failure(
            "the stores differ after %d reorgs, %d kills and %d kills of stores: schema=%s %s"
                .formatted(forks.forked(), killed, storesKilled, schema, found));
      }
      agreed++;
    }

    /** Returns the config of the processes. */
    private Config verified() throws CrashRestartSoak.Failure {
      return switch (ConfigFile.read(config, place.stores().passwords())) {
        case ConfigFile.Valid valid -> valid.config();
        case ConfigFile.Invalid invalid ->
            throw new CrashRestartSoak.Failure("config is wrong: " + invalid);
      };
    }

    /** Waits, mostly, until the chain has been followed; sometimes goes on at once. */
    private void pace() throws SQLException, InterruptedException, CrashRestartSoak.Failure {
      if (random.nextInt(3) != 0) {
        awaitTip();
      } else {
        pause(random.nextInt(200));
      }
    }

    private void awaitTip() throws SQLException, InterruptedException, CrashRestartSoak.Failure {
      lane.awaitTip(chain, PATIENCE, () -> requireAlive(child));
    }

    /** Restarts a process that asks for it by its exit code, if the soak kills stores. */
    private void requireAlive(IndexerChildProcess follower)
        throws InterruptedException, CrashRestartSoak.Failure {
      if (follower.isAlive()) {
        return;
      }
      if (targets.storeKills > 0 && follower.exitCode() == ExitCode.RESTART) {
        restarted++;
        progress.accept("worth a restart: " + follower.output());
        child = start();
        return;
      }
      throw new CrashRestartSoak.Failure(
          "a process ended by itself: exit=%d output=%n%s"
              .formatted(follower.exitCode(), follower.output()));
    }

    /** Compares both stores with the chain while it stands still. */
    private void compare() throws SQLException, InterruptedException, CrashRestartSoak.Failure {
      awaitTip();
      SortedMap<String, List<String>> expected = RouteOracle.tables(chain, chain.tip());
      try (Connection connection = TableDigests.connect(place.database)) {
        requireNone(
            "PostgreSQL",
            RouteTables.difference(expected, RouteTables.inPostgres(connection, schema)));
      }
      if (place.mirrorSoak.isPresent()) {
        awaitMirror(place.mirrorSoak.get().mirror.settings(schema), expected);
      }
      compared++;
      progress.accept(
          "tables equal the chain: reorgs=%d kills=%d head=%d %s"
              .formatted(forks.forked(), killed, chain.head(), expected.get(RouteTables.TAPE)));
    }

    /** Waits for the mirror: it follows PostgreSQL and may need a moment for the last commits. */
    private void awaitMirror(MirrorSettings mirror, SortedMap<String, List<String>> expected)
        throws InterruptedException, CrashRestartSoak.Failure {
      long until = System.nanoTime() + PATIENCE.toNanos();
      String difference = "unread";
      while (!difference.isEmpty()) {
        requireAlive(child);
        try {
          difference = RouteTables.difference(expected, RouteTables.inClickHouse(mirror));
        } catch (IOException failed) {
          difference = String.valueOf(failed.getMessage()); // it may just have been killed
        }
        if (System.nanoTime() - until > 0) {
          requireNone("ClickHouse", difference);
        }
        LockSupport.parkNanos(LOOK_NANOS);
      }
    }

    private void requireNone(String store, String difference) throws CrashRestartSoak.Failure {
      if (!difference.isEmpty()) {
        throw new CrashRestartSoak.Failure(
            "tables differ from the chain: store=%s reorgs=%d kills=%d schema=%s%s"
                .formatted(store, forks.forked(), killed, schema, difference));
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
