package dev.millrace.runner;

import dev.millrace.config.Config;
import dev.millrace.evm.LogFilter;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.rpc.ChainNode;
import dev.millrace.rpc.ChainNodeFactory;
import dev.millrace.rpc.EndpointCheck;
import dev.millrace.rpc.HeadSurvey;
import dev.millrace.rpc.LogQuery;
import dev.millrace.rpc.RpcSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongPredicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Checks with the nodes of all chains, before anything is written, that the chains can be read as
 * the config says. Mistakes are reported with their place in the config.
 *
 * <p>A chain that has been read before is not asked for its first blocks again: its nodes may have
 * pruned them, and they are not needed any more.
 */
public final class PreflightCheck {
  private static final Set<String> JSON_RPC = Set.of("http", "https", "ws", "wss");
  private static final LogFilter NOTHING = new LogFilter(List.of(), List.of(Bytes32.ZERO));

  private final Duration patience;
  private final LongPredicate begun;
  private final List<String> mistakes = new ArrayList<>();
  private @Nullable MillraceException unanswered;
  private volatile Supplier<String> waiting = PreflightCheck::nothing;

  /**
   * @param patience the time to wait for a node of each chain
   * @param begun true for a chain that has been read before
   */
  public PreflightCheck(Duration patience, LongPredicate begun) {
    this.patience = patience;
    this.begun = begun;
  }

  /**
   * Returns if all chains can be read.
   *
   * @throws MillraceException FIX_SETUP with all that cannot work, or RESTART if a chain does not
   *     answer
   */
  public void check(Config config) throws InterruptedException {
    for (Config.Chain chain : config.chains()) {
      if (chain.endpoints().stream().allMatch(endpoint -> JSON_RPC.contains(endpoint.scheme()))) {
        check(chain, RuntimeWiring.directory(config, chain));
      }
    }
    if (!mistakes.isEmpty()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "chains cannot be read as the config says: mistakes=%d\n  %s"
              .formatted(mistakes.size(), String.join("\n  ", mistakes)));
    }
    MillraceException silent = unanswered;
    if (silent != null) {
      throw silent;
    }
  }

  /** Returns what the check waits for, in words for people; empty if for nothing. Any thread. */
  public String waitingFor() {
    return waiting.get();
  }

  private static String nothing() {
    return "";
  }

  private void check(Config.Chain chain, Path directory) throws InterruptedException {
    List<String> urls =
        chain.endpoints().stream().map(endpoint -> endpoint.url().toString()).toList();
    RpcSettings settings =
        RpcSettings.defaults()
            .withPoll(chain.reading().poll())
            .withDirectory(Optional.of(directory))
            .withoutLimits();
    try {
      answered(urls, chain, settings);
    } catch (MillraceException refused) {
      recordRefusal(chain, "rpc", refused);
      return;
    }
    if (!begun.test(chain.id())) {
      begin(chain, urls, settings);
    }
  }

  private void answered(List<String> urls, Config.Chain chain, RpcSettings settings)
      throws InterruptedException {
    try (EndpointCheck check = new EndpointCheck(urls, chain.id(), settings)) {
      waiting = check::waitingFor;
      check.run(patience);
    } finally {
      waiting = PreflightCheck::nothing;
    }
  }

  /**
   * Checks that the chain has its first block, and still has the logs of it. An endpoint that is
   * syncing or lags may answer before one that has the block, so it is refused only if none shows
   * it in time.
   */
  private void begin(Config.Chain chain, List<String> urls, RpcSettings settings)
      throws InterruptedException {
    long began = System.nanoTime();
    OptionalLong head = awaitFirst(chain, new HeadSurvey(urls, chain.id(), settings));
    if (head.isPresent() && head.getAsLong() < chain.from()) {
      recordRefusal(
          chain,
          "from",
          new MillraceException(
              Remedy.FIX_SETUP,
              "lies above the head of the chain: from=%d head=%d"
                  .formatted(chain.from(), head.getAsLong())));
      return;
    }
    // The node is closed first, which ends the call that the executor waits for.
    try (ExecutorService thread = Executors.newVirtualThreadPerTaskExecutor();
        ChainNode node = ChainNodeFactory.open(urls, chain.id(), settings)) {
      Future<?> asked =
          thread.submit(() -> node.logs(new LogQuery(NOTHING, chain.from(), chain.from())));
      long left = patience.toNanos() - (System.nanoTime() - began);
      asked.get(Math.max(0, left), TimeUnit.NANOSECONDS);
    } catch (TimeoutException _) {
      // The chain answers, if slowly: other mistakes show while it is read.
    } catch (ExecutionException failed) {
      if (!(failed.getCause() instanceof MillraceException refused)) {
        throw new IllegalStateException(failed);
      }
      recordRefusal(chain, "from", refused);
    }
  }

  private OptionalLong awaitFirst(Config.Chain chain, HeadSurvey survey)
      throws InterruptedException {
    waiting =
        () ->
            "block %d of chain %d, the first of the config; the highest head of its endpoints is %s"
                .formatted(
                    chain.from(),
                    chain.id(),
                    survey.highest().isPresent() ? survey.highest().getAsLong() : "unknown");
    try {
      return survey.await(chain.from(), patience);
    } finally {
      waiting = PreflightCheck::nothing;
    }
  }

  private void recordRefusal(Config.Chain chain, String key, MillraceException refused) {
    String mistake = chain.origin().of(key) + ": " + refused.getMessage();
    if (refused.remedy() == Remedy.FIX_SETUP) {
      mistakes.add(mistake);
    } else {
      unanswered = new MillraceException(refused.remedy(), mistake, refused);
    }
  }
}
