package dev.millrace.jobs;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.loaders.MillraceException;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One claim of a run: calls the handler on a virtual thread of its own, and writes its end. */
final class RunExecution {
  private static final Logger LOG = LoggerFactory.getLogger(RunExecution.class);
  private static final int MAX_MESSAGE = 2_000;

  private final Job<?, ?> job;
  private final ClaimedRun claim;
  private final ExecutionServices services;
  private final Runnable then;
  private final ContentionMeter contention;
  private final RunContext context;
  private final AtomicReference<@Nullable StopReason> stop = new AtomicReference<>();
  private volatile @Nullable Thread thread;

  /** The reasons for which a handler is stopped from outside; the first one counts. */
  enum StopReason {
    /** The claim is lost: nothing more may be written. */
    LOST,
    CANCELED,
    DEADLINE,
    TIMEOUT,
    SHUTDOWN
  }

  RunExecution(Job<?, ?> job, ClaimedRun claim, ExecutionServices services, Runnable then) {
    this.job = job;
    this.claim = claim;
    this.services = services;
    this.then = then;
    this.contention = new ContentionMeter(claim.contention());
    this.context = new RunContext(claim, services, contention, stop::get, this::stop);
  }

  ClaimedRun claim() {
    return claim;
  }

  void start() {
    thread =
        Thread.ofVirtual()
            .name("millrace-job-%s-%d".formatted(job.name(), claim.id()))
            .unstarted(this::run);
    Thread started = thread;
    if (claim.cancelAsked()) {
      stop.set(StopReason.CANCELED);
    }
    started.start();
  }

  /** Stops the handler by an interrupt; the first reason counts. Any thread. */
  void stop(StopReason reason) {
    if (stop.compareAndSet(null, reason)) {
      Thread running = thread;
      if (running != null) {
        running.interrupt();
      }
    }
  }

  private void run() {
    RunOutcome outcome = outcome(job);
    StopReason reason = stop.get();
    reportContention();
    if (reason == StopReason.LOST) {
      LOG.warn("claim was lost while the handler ran: run={} job={}", claim.id(), job.name());
      then.run();
      return;
    }
    services.writer().submit(new RunWrite.End(claim.id(), claim.token(), outcome, then));
  }

  private <I, O> RunOutcome outcome(Job<I, O> typed) {
    try {
      I input = JobJson.decode(claim.input(), typed.inputType(), "input of job " + typed.name());
      if (stop.get() != null) {
        throw new RunStopped("stopped before its handler was called");
      }
      O output = typed.requireHandler().run(input, context);
      Thread.interrupted();
      if (context.waitsFor() != null) {
        return waiting();
      }
      StopReason reason = stop.get();
      if (reason == StopReason.CANCELED) {
        return RunOutcome.canceled(contention.json());
      }
      String what = "output of job " + typed.name();
      return RunOutcome.succeeded(
          services.secrets().refuse(JobJson.encode(output, what), what), contention.json());
    } catch (Throwable failed) {
      Thread.interrupted();
      return failed(failed);
    }
  }

  private RunOutcome waiting() {
    String step = context.waitsFor();
    return RunOutcome.waiting(step == null ? "" : step, contention.json());
  }

  private RunOutcome failed(Throwable failed) {
    StopReason reason = stop.get();
    if (reason == null) {
      return context.waitsFor() != null ? waiting() : afterError(failed);
    }
    return switch (reason) {
      case LOST, CANCELED -> RunOutcome.canceled(contention.json());
      case SHUTDOWN ->
          RunOutcome.again(RunOutcome.Kind.HANDED_BACK, Duration.ZERO, null, contention.json());
      case DEADLINE ->
          RunOutcome.failed(error("DEADLINE", "the deadline has passed"), contention.json());
      case TIMEOUT ->
          afterError(
              new AttemptTimeoutException(
                  "attempt has taken longer than its time-out: timeout=%s"
                      .formatted(job.timeout().orElse(Duration.ZERO))));
    };
  }

  /** An attempt that has taken too long. It spends one. */
  static final class AttemptTimeoutException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    AttemptTimeoutException(String message) {
      super(message);
    }
  }

  private RunOutcome afterError(Throwable failed) {
    LOG.debug("attempt failed: run={} job={}", claim.id(), job.name(), failed);
    Retry retry = job.retry();
    Retry.ErrorClass kind =
        failed instanceof StoredSteps.OrderException
            ? Retry.ErrorClass.PERMANENT
            : retry.classify(failed);
    String error = error(kind.name(), message(failed));
    return switch (kind) {
      case PERMANENT -> RunOutcome.failed(error, contention.json());
      case SPENDS_ATTEMPT ->
          claim.failures() + 1 >= retry.maxAttempts()
              ? RunOutcome.failed(error, contention.json())
              : RunOutcome.again(
                  RunOutcome.Kind.RETRY,
                  retry.pause(claim.failures() + 1),
                  error,
                  contention.json());
      case INFRASTRUCTURE ->
          RunOutcome.again(
              RunOutcome.Kind.INTERRUPTED,
              retry.pause(claim.interruptions() + 1),
              error,
              contention.json());
    };
  }

  private String message(Throwable failed) {
    String text =
        failed instanceof TimeoutException || failed.getMessage() == null
            ? failed.toString()
            : failed instanceof MillraceException
                ? failed.getMessage()
                : "%s: %s".formatted(failed.getClass().getName(), failed.getMessage());
    String masked = services.secrets().mask(text); // first: the cut may leave a part of a secret
    return masked.length() > MAX_MESSAGE ? masked.substring(0, MAX_MESSAGE) + "…" : masked;
  }

  private String error(String code, String message) {
    ObjectNode error = JobJson.mapper().createObjectNode();
    error.put("code", code).put("message", services.secrets().mask(message.replace("\u0000", "")));
    return error.toString();
  }

  /** Writes one summary for a run at each of its ends. */
  private void reportContention() {
    if (contention.isEmpty()) {
      return;
    }
    String summary = contention.summary();
    if (contention.hasGivenUp()) {
      LOG.error("run has given up: run={} job={} contention: {}", claim.id(), job.name(), summary);
    } else {
      LOG.warn("run met contention: run={} job={} contention: {}", claim.id(), job.name(), summary);
    }
    services
        .writer()
        .submit(
            new RunWrite.Event(
                claim.id(), claim.token(), RunEvent.CONTENTION, null, summary, contention.json()));
  }
}
