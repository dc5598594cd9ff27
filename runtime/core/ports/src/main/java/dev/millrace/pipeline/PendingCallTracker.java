package dev.millrace.pipeline;

import java.time.Duration;
import java.util.Comparator;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The pending calls of a lane to its stores and to outside services, from which its status says
 * what the lane waits for. Any thread.
 *
 * <p>A call is named once it has failed and is retried, or once it has taken {@link #LONG}.
 */
public final class PendingCallTracker {
  public static final Duration LONG = Duration.ofSeconds(3);

  private final LongSupplier nanos;
  private final Set<Call> calls = ConcurrentHashMap.newKeySet();

  public PendingCallTracker(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** Begins a call, in words: {@code commit 5}, {@code effect price}. Closing it ends the call. */
  public Call begin(String what) {
    Call call = new Call(what, nanos.getAsLong());
    calls.add(call);
    return call;
  }

  /** Describes the call to be named: a failing one before a slow one, then the oldest. */
  public String waitingFor() {
    long now = nanos.getAsLong();
    return calls.stream()
        .filter(call -> !call.failure.isEmpty() || now - call.begun >= LONG.toNanos())
        .min(
            Comparator.comparing((Call call) -> call.failure.isEmpty())
                .thenComparing(Comparator.comparingLong((Call call) -> now - call.begun).reversed())
                .thenComparing(call -> call.what))
        .map(call -> call.words(now))
        .orElse("");
  }

  /** One call. Compared by identity. */
  public final class Call implements AutoCloseable {
    private final String what;
    private final long begun;
    private volatile String failure = "";

    private Call(String what, long begun) {
      this.what = what;
      this.begun = begun;
    }

    /** Records that the call has failed for this reason and is retried. */
    void failed(String reason) {
      failure = reason;
    }

    private String words(long now) {
      String why = failure;
      return why.isEmpty()
          ? what + ", for " + TimeUnit.NANOSECONDS.toSeconds(now - begun) + " s"
          : what + ": " + why;
    }

    @Override
    public void close() {
      calls.remove(this);
    }
  }
}
