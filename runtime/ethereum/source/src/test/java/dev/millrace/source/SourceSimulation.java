package dev.millrace.source;

import dev.millrace.evm.EvmIndexer;
import dev.millrace.evm.Finality;
import dev.millrace.evm.SourceOptions;
import dev.millrace.evm.SourceRequest;
import dev.millrace.evm.StopAt;
import dev.millrace.loaders.MillraceException;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Source;
import dev.millrace.rpc.ChainNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * One seed: a random definition over a random chain behind random endpoints, read by process after
 * process and compared with the chain itself. The source has to deliver the events of the oracle,
 * in its order, once the endpoints are well; before that it may wait, or be restarted.
 */
final class SourceSimulation {
  private static final long PATIENCE = Duration.ofMinutes(10).toMillis();
  private static final int MAX_RESTARTS = 40;

  /** A chain whose default depth is known, and one without a default. */
  private static final List<Long> CHAINS = List.of(1L, 31_337L);

  private final long seed;
  private final WorldLimits limits;
  private final WorldDefinition definition;
  private final WorldChain chain;
  private final VirtualRuntime runtime;
  private final SourceHistory history;
  private final WorldLane lane;
  private final EvmIndexer indexer;
  private final Random chance;
  private final WorldEndpoints endpoints;
  private final @Nullable Path directory;
  private final WorldCache.Kind cacheKind;
  private final boolean audited;
  private final long from;
  private final StopAt until;
  private final int events;
  private final int crashEvery;
  private final long mended;
  private final long late;
  private final int maxAddresses;

  private int untilCrash;
  private boolean isOver;
  private String end = "";

  /** Runs a seed; on a failure reports the smallest world in which it still fails. */
  static void check(long seed, WorldLimits limits, @Nullable Path scratch) throws Exception {
    String wrong = run(seed, limits, scratch);
    if (wrong != null) {
      throw new AssertionError(shrunk(seed, limits, wrong, scratch));
    }
  }

  /** Runs a seed and returns the failure; null if there is none. */
  static @Nullable String run(long seed, WorldLimits limits, @Nullable Path scratch)
      throws Exception {
    SourceSimulation simulation = new SourceSimulation(seed, limits, scratch);
    try {
      simulation.run();
      return null;
    } catch (WorldLane.Breach breach) {
      return simulation.deliveredEvents(breach.getMessage() == null ? "" : breach.getMessage());
    } finally {
      simulation.runtime.revive();
      simulation.clean();
    }
  }

  private static String shrunk(long seed, WorldLimits allowed, String wrong, @Nullable Path scratch)
      throws Exception {
    WorldLimits limits = allowed;
    String last = wrong;
    List<String> parts = new ArrayList<>(WorldScenarios.PARTS);
    for (WorldTrouble trouble : WorldTrouble.values()) {
      parts.add(trouble.name());
    }
    for (String part : parts) {
      WorldLimits fewer = limits.leaveOut(part);
      String still = run(seed, fewer, scratch);
      if (still != null && kind(still).equals(kind(wrong))) {
        limits = fewer;
        last = still;
      }
    }
    for (int blocks : new int[] {60, 40, 30, 20, 15, 10, 8, 6, 5, 4, 3, 2}) {
      String still = run(seed, limits.withBlocks(blocks), scratch);
      if (still != null && kind(still).equals(kind(wrong))) {
        limits = limits.withBlocks(blocks);
        last = still;
      }
    }
    return "seed %d fails: %s\n\nwith less (%s): %s\n\nagain: mvn verify -pl runtime/ethereum/source -am -Dtest=SourceSimulationTest -Dsurefire.failIfNoSpecifiedTests=false -Dmillrace.seed=%d"
        .formatted(seed, wrong.lines().findFirst().orElse(""), limits, last, seed);
  }

  /** Returns the part of a failure that identifies its kind. */
  private static String kind(String wrong) {
    return wrong.substring(0, Math.min(wrong.length(), wrong.indexOf(':') + 1));
  }

  private SourceSimulation(long seed, WorldLimits limits, @Nullable Path scratch)
      throws IOException {
    this.seed = seed;
    this.limits = limits;
    long id = CHAINS.get(random(9).nextInt(CHAINS.size()));
    long known = limits.without("unknown_chain") ? CHAINS.getFirst() : id;
    this.chain = new WorldChain(known, random(1), limits);
    this.definition = new WorldDefinition(random(2), limits);
    this.runtime = new VirtualRuntime(seed);
    this.history = new SourceHistory(runtime);
    this.lane = new WorldLane(chain, definition.reads);
    this.indexer = definition.indexer(lane::take);
    this.chance = random(3);
    Random random = random(4);
    this.audited = random.nextInt(3) == 0;
    this.from = random.nextInt(3) > 0 ? 0 : random.nextInt(10);
    long number = Math.max(from, random.nextLong(chain.head().number + 1));
    this.until =
        switch (random.nextInt(4)) {
          case 0 -> new StopAt.AtBlock(number);
          case 1 -> new StopAt.AtHead();
          default -> new StopAt.Never();
        };
    this.events = List.of(1, 3, 20, 1_000).get(random.nextInt(4));
    int crashes = List.of(0, 0, 20, 60, 200).get(random.nextInt(5));
    this.crashEvery = limits.without("crashes") ? 0 : crashes;
    boolean isCached = random.nextInt(3) == 0 && !limits.without("cache") && scratch != null;
    this.directory = isCached ? Files.createTempDirectory(scratch, "seed") : null;
    this.mended = chain.endMillis() + random.nextInt(20_000);
    boolean isLate = random.nextInt(4) == 0 && !limits.without("late");
    this.late = isLate ? random.nextLong(chain.endMillis()) : 0;
    this.maxAddresses =
        limits.without("few_addresses")
            ? LogQueryPlan.MAX_ADDRESSES
            : List.of(0, 2, 5, LogQueryPlan.MAX_ADDRESSES).get(random(10).nextInt(4));
    this.endpoints =
        new WorldEndpoints(chain, this::random, limits, runtime, history, audited, mended);
    WorldCache.Kind kind = WorldCache.Kind.random(random(6), limits);
    // Withheld logs show only in an audit with honest blooms.
    boolean isBlind = kind == WorldCache.Kind.LACKING && !(audited && endpoints.showLogs());
    this.cacheKind = isBlind ? WorldCache.Kind.COLD : kind;
    this.untilCrash = next();
    runtime.onWait(this::look);
  }

  private Random random(long part) {
    return new Random(seed * 31 + part);
  }

  private int next() {
    return crashEvery == 0 ? Integer.MAX_VALUE : 1 + chance.nextInt(2 * crashEvery);
  }

  /** Before every request and every wait: ends the process, or the seed. */
  private void look() {
    Source.BlockRef last = lane.last();
    long now = runtime.passed();
    boolean isThere = last != null && last.hash().equals(chain.head().hash);
    if (history.flood() != null || (now > mended && isThere) || now > mended + PATIENCE) {
      isOver = true;
      runtime.end();
    } else if (now < mended && untilCrash-- <= 0) {
      untilCrash = next();
      runtime.end();
    }
  }

  private void run() throws Exception {
    int restarts = 0;
    runtime.pass(Duration.ofMillis(late));
    if (directory != null) {
      WorldChain other =
          cacheKind == WorldCache.Kind.OTHER_CHAIN
              ? new WorldChain(chain.id, random(7), limits)
              : chain;
      WorldCache.fill(cacheKind, other, definition, directory, from, random(8));
    }
    while (!isOver) {
      ChainNode node = endpoints.node(directory, runtime);
      try {
        live(
            new ChainSource(request(), node, runtime, () -> runtime.threads("read"), maxAddresses));
      } catch (InterruptedException _) {
        history.describe(isOver ? "the seed is over" : "the process dies");
      } catch (MillraceException refused) {
        history.describe("the lane stops: " + refused.remedy() + " " + refused.getMessage());
        if (!endpoints.mayStartAgain(refused)) {
          throw new WorldLane.Breach("stops for good: " + refused.getMessage());
        }
        if (++restarts > MAX_RESTARTS) {
          throw new WorldLane.Breach("is restarted for ever: " + refused.getMessage());
        }
        runtime.pass(Duration.ofSeconds(1));
      } catch (WorldLane.Breach breach) {
        throw breach;
      } catch (Exception | Error unexpected) {
        StringBuilder trace = new StringBuilder(unexpected.toString());
        for (StackTraceElement each : unexpected.getStackTrace()) {
          trace.append(each.getClassName().startsWith("dev.millrace") ? "\n    at " + each : "");
        }
        throw new WorldLane.Breach("ends with " + trace);
      } finally {
        boolean over = isOver;
        runtime.revive();
        node.close();
        lane.crash();
        isOver = over;
      }
      between();
    }
    verify();
  }

  /** Simulates people and disks while no process runs. */
  private void between() throws IOException {
    if (isOver || directory == null) {
      return;
    }
    if (chance.nextInt(5) == 0 && !limits.without("corruption")) {
      WorldCache.corrupt(directory, chance);
    }
    if (chance.nextInt(8) == 0 && !limits.without("reset")) {
      history.describe("the lane is reset");
      lane.reset();
    }
  }

  private SourceRequest request() {
    Optional<String> tag =
        chain.rule == WorldChain.Rule.TAG || chain.rule == WorldChain.Rule.BOTH
            ? Optional.of("finalized")
            : Optional.empty();
    OptionalLong depth =
        chain.rule.isByDepth() ? OptionalLong.of(chain.depth) : OptionalLong.empty();
    SourceOptions reading =
        SourceOptions.DEFAULTS.withAuditRatio(audited ? 1 : 0).withPoll(Duration.ofSeconds(1));
    return new SourceRequest(
        indexer,
        chain.id,
        List.of(),
        from,
        until,
        new Finality(tag, depth),
        definition.configured(),
        directory == null ? reading : reading.withDirectory(directory));
  }

  private void live(ChainSource source) throws Exception {
    history.describe("a process begins at " + lane.last());
    Source.Feed now = source.open(lane.resumePoint());

    try {
      while (true) {
        Source.Step step = now.next(events);
        if (step == null) {
          history.describe("the stream ends");
          isOver = true;
          end = "ended";
          lane.commit();
          return;
        }
        switch (step) {
          case Batch batch -> {
            history.describe(
                "batch up to %d final %d with %d events, found %s"
                    .formatted(
                        batch.last().number(),
                        batch.finalBlock(),
                        batch.events().size(),
                        batch.found()));
            lane.accept(batch);
            if (chance.nextInt(3) > 0) {
              lane.commit();
            }
          }
          case Source.Rewind(Source.@Nullable BlockRef to) -> {
            history.describe("rewind to " + to);
            lane.rewind(to, chance);
            now.close();
            now = source.open(lane.resumePoint());
          }
        }
      }
    } finally {
      end = end.equals("ended") ? end : now.waitingFor();
      now.close();
      if (isOver) {
        lane.commit();
      }
    }
  }

  private void verify() {
    String flood = history.flood();
    if (flood != null) {
      throw new WorldLane.Breach(flood);
    }
    Source.BlockRef last = lane.last();
    WorldBlock tip = last == null ? null : chain.by(last.hash());
    List<String> expected =
        tip == null ? List.of() : new StreamOracle(definition).events(tip, from);
    String difference = WorldScenarios.difference(expected, lane.events());
    if (difference != null) {
      throw new WorldLane.Breach("tells other events: " + difference);
    }
    boolean isThere =
        switch (until) {
          case StopAt.Never _ -> tip == chain.head();
          case StopAt.AtBlock(long number) -> tip != null && tip.number == number;
          case StopAt.AtHead _ -> end.equals("ended") || tip == chain.head();
        };
    if (!isThere && chain.head().number >= from) {
      throw new WorldLane.Breach(
          "has not arrived: at=%s head=%s %s".formatted(tip, chain.head(), end));
    }
    Source.BlockRef deliveredFinal = lane.deliveredFinal();
    if (deliveredFinal != null
        && chain.head().at(deliveredFinal.block()) != chain.by(deliveredFinal.hash())) {
      throw new WorldLane.Breach("told a block as final that was replaced: " + deliveredFinal);
    }
  }

  private String deliveredEvents(String wrong) {
    StringBuilder text = new StringBuilder(wrong);
    text.append("\n\n").append(definition).append('\n').append(chain);
    text.append(
        "\nfrom block %d, %s, audited %s, %d events at once, at most %d addresses, cache %s %s, late by %d ms, mended after %d ms"
            .formatted(
                from,
                until,
                audited,
                events,
                maxAddresses,
                directory != null,
                cacheKind,
                late,
                mended));
    text.append(endpoints);
    history.lines().forEach(line -> text.append("\n").append(line));
    return text.toString();
  }

  private void clean() throws IOException {
    if (directory != null) {
      try (var files = Files.walk(directory)) {
        for (Path each : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(each);
        }
      }
    }
  }
}
