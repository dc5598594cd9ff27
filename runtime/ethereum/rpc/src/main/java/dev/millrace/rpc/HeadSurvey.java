package dev.millrace.rpc;

import dev.millrace.loaders.MillraceException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Asks each endpoint of a chain for its head, by itself. A {@link ChainNode} asks the endpoint that
 * answers first, which may be one that is syncing or lags: not enough to refuse a block that
 * another endpoint has. Any thread.
 */
public final class HeadSurvey {
  private final List<String> endpoints;
  private final long chain;
  private final RpcSettings settings;

  /** The highest head that an endpoint has named; negative if none has. */
  private final AtomicLong highest = new AtomicLong(-1);

  public HeadSurvey(List<String> endpoints, long chain, RpcSettings settings) {
    this.endpoints = List.copyOf(endpoints);
    this.chain = chain;
    this.settings = settings.withoutLimits();
  }

  /**
   * Returns the highest head that an endpoint names, once one has reached a block or all have
   * answered; empty if none answers. Endpoints of another chain, or that are silent, do not count.
   *
   * @param max the longest wait
   */
  public OptionalLong ask(long block, Duration max) throws InterruptedException {
    return survey(block, max, false);
  }

  /**
   * Asks until an endpoint has reached a block; returns the highest head that one has named, and
   * empty if none answers.
   *
   * @param max the longest wait
   */
  public OptionalLong await(long block, Duration max) throws InterruptedException {
    return survey(block, max, true);
  }

  private OptionalLong survey(long block, Duration max, boolean isPatient)
      throws InterruptedException {
    List<Callable<Long>> looks =
        endpoints.stream()
            .<Callable<Long>>map(endpoint -> () -> look(endpoint, block, isPatient))
            .toList();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      return OptionalLong.of(threads.invokeAny(looks, max.toNanos(), TimeUnit.NANOSECONDS));
    } catch (ExecutionException | TimeoutException _) {
      return highest();
    }
  }

  /** Returns the highest head that an endpoint has named so far. */
  public OptionalLong highest() {
    long named = highest.get();
    return named < 0 ? OptionalLong.empty() : OptionalLong.of(named);
  }

  /** Returns the head of an endpoint that has reached the block; throws if it has not. */
  private long look(String endpoint, long block, boolean isPatient)
      throws InterruptedException, BelowException {
    try (ChainNode node = ChainNodeFactory.open(List.of(endpoint), chain, settings)) {
      while (true) {
        long head = node.block(BlockTag.LATEST).map(found -> found.header().number()).orElse(-1L);
        highest.accumulateAndGet(head, Math::max);
        if (head >= block) {
          return head;
        }
        if (!isPatient) {
          throw new BelowException();
        }
        node.awaitHead(settings.poll());
      }
    } catch (MillraceException _) {
      throw new BelowException(); // another chain, say
    }
  }

  /** The endpoint does not have the block, as far as it says. */
  private static final class BelowException extends Exception {
    private static final long serialVersionUID = 1L;

    BelowException() {
      super("endpoint does not have the block", null, false, false);
    }
  }
}
