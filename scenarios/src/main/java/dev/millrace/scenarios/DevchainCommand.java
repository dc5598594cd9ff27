package dev.millrace.scenarios;

import dev.millrace.app.CliEnvironment;
import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainClock;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.devnode.DevNode;
import dev.millrace.devnode.NodeFault;
import dev.millrace.devnode.NodeFaults;
import dev.millrace.runner.ExitCode;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** A chain to play with: blocks come, reorgs happen, and a node of it answers JSON-RPC. */
@Command(
    name = "devchain",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Starts a dev chain with a JSON-RPC node, over HTTP and WebSocket on one port.",
      "It has a token, a name registry and an exchange, told from a seed. Ctrl-C ends it."
    })
final class DevchainCommand implements Callable<Integer> {
  private final CliEnvironment shell;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "8545",
      description = "Where the node listens; 0 for any free port. Default: ${DEFAULT-VALUE}.")
  private int port;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Equal seeds make equal chains. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--blocks",
      paramLabel = "N",
      defaultValue = "20000",
      description = "How many blocks there are at the start. Default: ${DEFAULT-VALUE}.")
  private long blocks;

  @Option(
      names = "--logs",
      paramLabel = "N",
      defaultValue = "25",
      description = "Transfers per block, on average. Default: ${DEFAULT-VALUE}.")
  private int logs;

  @Option(
      names = "--pools",
      paramLabel = "N",
      defaultValue = "200",
      description = "Pools that the exchange's factory creates. Default: ${DEFAULT-VALUE}.")
  private int pools;

  @Option(
      names = "--block-time",
      paramLabel = "TIME",
      defaultValue = "2s",
      converter = Time.class,
      description =
          "Between two blocks: 500ms, 2s, 1m; 0 stops the chain. Default: ${DEFAULT-VALUE}.")
  private Duration blockTime;

  @Option(
      names = "--reorgs",
      paramLabel = "SHARE",
      defaultValue = "0.01",
      description = "How likely a reorg is, per block. Default: ${DEFAULT-VALUE}.")
  private double reorgs;

  @Option(
      names = "--depth",
      paramLabel = "N",
      defaultValue = "40",
      description = "How many blocks a reorg replaces at most. Default: ${DEFAULT-VALUE}.")
  private int depth;

  @Option(
      names = "--finality",
      paramLabel = "N",
      defaultValue = "64",
      description = "How far below the head blocks are final. Default: ${DEFAULT-VALUE}.")
  private long finality;

  @Option(
      names = "--latency",
      paramLabel = "TIME",
      converter = Time.class,
      description = "How long each request waits for its answer.")
  private @Nullable Duration latency;

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "Requests per second; those above get status 429.")
  private @Nullable Long limit;

  @Option(
      names = "--range",
      paramLabel = "N",
      description = "Blocks that eth_getLogs looks at; more are refused.")
  private @Nullable Long range;

  @Option(
      names = "--results",
      paramLabel = "N",
      description = "Logs that eth_getLogs returns; more are refused.")
  private @Nullable Long results;

  @Option(
      names = "--stale",
      paramLabel = "N",
      description = "How many of the last blocks the node does not know yet.")
  private @Nullable Long stale;

  @Option(
      names = "--mishaps",
      paramLabel = "SHARE",
      description = "How many requests go wrong: torn, refused, or answered with a page of HTML.")
  private @Nullable Double faultShare;

  @Option(names = "--ws", description = "Shows the WebSocket's URL in the config, for new heads.")
  private boolean webSocket;

  DevchainCommand(CliEnvironment shell) {
    this.shell = shell;
    this.blockTime = Duration.ZERO; // picocli sets the option's default
  }

  @Override
  public Integer call() {
    check();
    DevChain chain =
        new DevChain(
                DevChainSettings.DEFAULTS
                    .withSeed(seed)
                    .withBlocks(blocks)
                    .withLogs(logs)
                    .withPools(pools, pools == 0 ? 0 : 2))
            .finality(finality);
    CountDownLatch ended = new CountDownLatch(1);
    Thread hook = Thread.ofPlatform().name("devchain-stop").unstarted(() -> stop(chain));
    try (DevNode node = DevNode.open(chain, faults(), port)) {
      introduce(node);
      Runtime.getRuntime().addShutdownHook(hook);
      if (blockTime.isZero()) {
        ended.await();
      }
      DevChainClock.ChainBehavior habits =
          new DevChainClock.ChainBehavior(blockTime, reorgs, depth, seed);
      try (DevChainClock _ = DevChainClock.start(chain, habits, news -> printEvent(chain, news))) {
        ended.await();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt(); // an interrupt ends the command
    } finally {
      forget(hook);
    }
    return ExitCode.DONE;
  }

  private void check() {
    CommandOptionBounds.within("--port", 0, 65_535, port);
    CommandOptionBounds.within("--blocks", 1, CommandOptionBounds.MAX_BLOCKS, blocks);
    CommandOptionBounds.within("--logs", 0, 100_000, logs);
    CommandOptionBounds.within("--pools", 0, 1_000_000, pools);
    CommandOptionBounds.share("--reorgs", reorgs);
    CommandOptionBounds.count("--depth", 1, depth);
    CommandOptionBounds.within("--finality", 0, CommandOptionBounds.MAX_BLOCKS, finality);
    if (limit != null) {
      CommandOptionBounds.count("--limit", 1, limit);
    }
    if (range != null) {
      CommandOptionBounds.count("--range", 1, range);
    }
    if (results != null) {
      CommandOptionBounds.count("--results", 1, results);
    }
    if (stale != null) {
      CommandOptionBounds.within("--stale", 0, CommandOptionBounds.MAX_BLOCKS, stale);
    }
    if (faultShare != null) {
      CommandOptionBounds.share("--mishaps", faultShare);
    }
  }

  private static void forget(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException _) {
      // The JVM is shutting down already, and runs the hook.
    }
  }

  private NodeFaults faults() {
    NodeFaults faults = NodeFaults.none();
    if (latency != null) {
      faults.latency(latency);
    }
    if (limit != null) {
      faults.rate(limit, NodeFault.TOO_MANY_REQUESTS);
    }
    if (range != null) {
      faults.range(range);
    }
    if (results != null) {
      faults.results(results);
    }
    if (stale != null) {
      faults.stale(stale);
    }
    if (faultShare != null) {
      faults.sometimes(
          faultShare,
          NodeFault.DISCONNECT,
          NodeFault.TRUNCATED,
          NodeFault.HTML,
          NodeFault.UNAVAILABLE,
          NodeFault.LIMIT_EXCEEDED,
          NodeFault.OUT_OF_ORDER);
    }
    return faults;
  }

  private void introduce(DevNode node) {
    shell
        .out()
        .printf(
            Locale.ROOT,
            """
            A dev chain of %,d blocks answers at %s and %s; Ctrl-C ends it.

              Token     %s  Transfer(address indexed from, address indexed to, uint256 value)
              Registry  %s  NameRegistered(string name, address indexed owner), …
              Factory   %s  PoolCreated(address indexed token0, address indexed token1, address pool)

            To follow it, put this into chain.yaml and run ./millrace run --config chain.yaml

            name: erc20
            postgres: { url: embedded }
            chains:
              - id: %d
                rpc: [ "%s" ]
                from: 0
                finality: { tag: finalized }
                contracts:
                  - { name: Token, address: "%s" }

            Other indexers follow it too; each has a name and a contract of its own:

              name: registry   { name: Registry, address: "%s" }
              name: amm        { name: Factory, address: "%s" }

            """,
            blocks,
            node.url(),
            node.webSocketUrl(),
            DevChain.TOKEN,
            DevChain.REGISTRY,
            DevChain.FACTORY,
            DevChain.ID,
            webSocket ? node.webSocketUrl() : node.url(),
            DevChain.TOKEN,
            DevChain.REGISTRY,
            DevChain.FACTORY);
  }

  private void printEvent(DevChain chain, DevChainClock.ChainEvent news) {
    LocalTime now = LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS);
    switch (news) {
      case DevChainClock.ChainEvent.Grown(long head) ->
          shell
              .out()
              .printf(
                  Locale.ROOT,
                  "%tT  block %,d  %s  %d logs%n",
                  now,
                  head,
                  chain.block(head).hash().toString().substring(0, 14) + "…",
                  chain.logs(head).size());
      case DevChainClock.ChainEvent.Forked(long shared, long replaced, long head, boolean known) ->
          shell
              .out()
              .printf(
                  Locale.ROOT,
                  "%tT  reorg: %,d block%s above %,d replaced by %,d%s; the head is %,d%n",
                  now,
                  replaced,
                  replaced == 1 ? "" : "s",
                  shared,
                  head - shared,
                  known ? " of a branch that was left before" : "",
                  head);
    }
    shell.out().flush();
  }

  /**
   * Runs when the process receives a termination signal; a hook that halts makes that a clean end.
   */
  private void stop(DevChain chain) {
    shell.out().printf(Locale.ROOT, "%nThe dev chain ends at block %,d.%n", chain.head());
    shell.out().flush();
    Runtime.getRuntime().halt(ExitCode.DONE);
  }

  /** Parses a time as people write it. */
  static final class Time implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      String unit = text.replaceFirst("^[0-9]{1,9}", "");
      String number = text.substring(0, text.length() - unit.length());
      if (number.isEmpty()) {
        throw wrong(text);
      }
      long count = Long.parseLong(number);
      return switch (unit) {
        case "ms" -> Duration.ofMillis(count);
        case "s" -> Duration.ofSeconds(count);
        case "m" -> Duration.ofMinutes(count);
        case "" -> count == 0 ? Duration.ZERO : Duration.ofSeconds(count);
        default -> throw wrong(text);
      };
    }

    private static TypeConversionException wrong(String text) {
      return new TypeConversionException(
          "time is not understood: given=%s forms=500ms, 2s, 1m".formatted(text));
    }
  }
}
