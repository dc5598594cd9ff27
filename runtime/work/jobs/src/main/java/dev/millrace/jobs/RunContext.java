package dev.millrace.jobs;

import com.fasterxml.jackson.databind.JavaType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.postgres.client.PostgresErrors;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** The context of one claim. Confined to the thread of its handler but for what its port names. */
final class RunContext implements JobContext {
  private static final Duration PROGRESS_PERIOD = Duration.ofSeconds(1);

  private final ClaimedRun claim;
  private final ExecutionServices services;
  private final ContentionMeter contention;
  private final Supplier<RunExecution.@Nullable StopReason> stopped;
  private final Consumer<RunExecution.StopReason> stop;
  private final FanOut fanOut;
  private final AtomicReference<@Nullable Thread> confinedTo = new AtomicReference<>();
  private @Nullable StoredSteps steps;

  /** The step that the run waits for; set once, and then no call of the handler counts any more. */
  private @Nullable String waitsFor;

  private volatile long progressAt;

  RunContext(
      ClaimedRun claim,
      ExecutionServices services,
      ContentionMeter contention,
      Supplier<RunExecution.@Nullable StopReason> stopped,
      Consumer<RunExecution.StopReason> stop) {
    this.claim = claim;
    this.services = services;
    this.contention = contention;
    this.stopped = stopped;
    this.stop = stop;
    this.fanOut = new FanOut(claim, services);
    this.progressAt = System.nanoTime() - PROGRESS_PERIOD.toNanos();
  }

  @Nullable String waitsFor() {
    return waitsFor;
  }

  @Override
  public long runId() {
    return claim.id();
  }

  @Override
  public Optional<EventOrigin> origin() {
    return claim.origin();
  }

  @Override
  public int attempt() {
    return claim.failures() + 1;
  }

  @Override
  public boolean isCancelAsked() {
    return stopped.get() == RunExecution.StopReason.CANCELED;
  }

  @Override
  public <T extends @Nullable Object> T step(String name, Callable<T> body) throws Exception {
    return stored(name, body);
  }

  @Override
  public void step(String name, Action body) throws Exception {
    stored(
        name,
        () -> {
          body.run();
          return null;
        });
  }

  @Override
  @SuppressWarnings({"unchecked", "NullAway"}) // type and null were stored with the value
  public <T extends @Nullable Object> T transaction(String name, TransactionBody<T> body)
      throws Exception {
    Optional<StoredSteps.Stored> known = enter(name, RunWrite.StepKind.STEP);
    return known.isPresent()
        ? (T) replay(known.get())
        : fanOut.transaction(name, steps().number(), body, this::settle);
  }

  @Override
  public <T extends @Nullable Object> T compute(String name, Duration deadline, Callable<T> body)
      throws Exception {
    return stored(name, () -> services.compute().call(name, deadline, body));
  }

  @SuppressWarnings({"unchecked", "NullAway"}) // type and null were stored with the value
  private <T extends @Nullable Object> T stored(String name, Callable<T> body) throws Exception {
    Optional<StoredSteps.Stored> known = enter(name, RunWrite.StepKind.STEP);
    if (known.isPresent()) {
      return (T) replay(known.get());
    }
    T value = body.call();
    requireRunning();
    String what = "result of step " + name;
    write(
        name,
        RunWrite.StepKind.STEP,
        true,
        StoredType.of(value, what),
        services.secrets().refuse(JobJson.encode(value, what), what),
        null);
    return value;
  }

  private static @Nullable Object replay(StoredSteps.Stored stored) {
    String what = "result of step " + stored.name();
    String type = stored.type();
    String output = stored.output();
    JavaType known =
        StoredType.parse(
            type == null ? "null" : type, Thread.currentThread().getContextClassLoader(), what);
    return JobJson.decode(output == null ? "null" : output, known, what);
  }

  /** Enters a named call: no other of the same name, and in the order that is stored. */
  private Optional<StoredSteps.Stored> enter(String name, RunWrite.StepKind kind) {
    requireRunning();
    StoredSteps known = steps;
    if (known == null) {
      known = claim.mayHaveSteps() ? load() : StoredSteps.none();
      steps = known;
    }
    return known.enter(name, kind);
  }

  private StoredSteps load() {
    try (Connection connection = services.pool().getConnection()) {
      return StoredSteps.read(connection, claim.id());
    } catch (SQLException failed) {
      throw PostgresErrors.translate("reading the steps of a run", failed);
    }
  }

  private StoredSteps steps() {
    StoredSteps known = steps;
    if (known == null) {
      throw new IllegalStateException("steps are not loaded");
    }
    return known;
  }

  private void write(
      String name,
      RunWrite.StepKind kind,
      boolean finished,
      @Nullable String type,
      @Nullable String output,
      @Nullable Duration wake)
      throws InterruptedException {
    RunWrite.Step write =
        new RunWrite.Step(
            claim.id(),
            claim.token(),
            new RunWrite.StepRecord(steps().number(), name, kind, finished, type, output, wake));
    services.writer().submit(write);
    settle(write.await());
  }

  private void settle(RunWrite.Durability fate) {
    switch (fate) {
      case DURABLE -> {}
      case CANCELED -> {
        stop.accept(RunExecution.StopReason.CANCELED);
        throw new RunStopped("run is canceled");
      }
      case LOST -> {
        stop.accept(RunExecution.StopReason.LOST);
        throw new RunStopped("claim is lost");
      }
    }
  }

  private void requireRunning() {
    Thread here = Thread.currentThread();
    Thread first = confinedTo.compareAndExchange(null, here);
    if (first != null && !first.equals(here)) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "context belongs to the thread of its handler: run=%d thread=%s"
              .formatted(claim.id(), here.getName()));
    }
    if (waitsFor != null) {
      throw new RunStopped("run waits: step=" + waitsFor);
    }
    RunExecution.StopReason reason = stopped.get();
    if (reason != null) {
      throw new RunStopped("run is stopped: reason=" + reason);
    }
  }

  /** Unwinds the handler: the run is claimed again once the step has what it waits for. */
  private RunStopped waitFor(String step) {
    waitsFor = step;
    return new RunStopped("run waits: step=" + step);
  }

  @Override
  public void sleep(String name, Duration time) {
    if (time.isNegative()) {
      throw new MillraceException(
          Remedy.FIX_HANDLER, "sleep must not be negative: step=%s time=%s".formatted(name, time));
    }
    Optional<StoredSteps.Stored> known = enter(name, RunWrite.StepKind.SLEEP);
    if (known.isEmpty()) {
      try {
        write(name, RunWrite.StepKind.SLEEP, false, null, null, time);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
        throw new RunStopped("interrupted");
      }
      throw waitFor(name);
    }
    if (!known.get().finished() && !fanOut.finishSleep(name)) {
      throw waitFor(name);
    }
  }

  @Override
  public <T> Optional<T> awaitSignal(String name, Class<T> type, Duration timeout) {
    Optional<StoredSteps.Stored> known = enter(name, RunWrite.StepKind.SIGNAL);
    if (known.isEmpty()) {
      try {
        write(name, RunWrite.StepKind.SIGNAL, false, null, null, timeout);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
        throw new RunStopped("interrupted");
      }
    }
    Optional<FanOut.Received> received =
        known.isPresent() && known.get().finished()
            ? Optional.of(new FanOut.Received(known.get().output()))
            : fanOut.receive(name, this::settle);
    if (received.isEmpty()) {
      throw waitFor(name);
    }
    String payload = received.get().payload();
    return payload == null
        ? Optional.empty()
        : Optional.of(JobJson.decode(payload, type, "signal " + name));
  }

  @Override
  public <I, O> Items<O> forEach(String name, Collection<I> inputs, Job<I, O> job) {
    return forEach(
        name,
        inputs,
        input ->
            input instanceof String || input instanceof Number || input instanceof Enum<?>
                ? String.valueOf(input)
                : JobJson.encode(input, "input of job " + job.name()),
        Function.identity(),
        job);
  }

  @Override
  public <T, I, O> Items<O> forEach(
      String name,
      Collection<T> elements,
      Function<? super T, String> key,
      Function<? super T, I> input,
      Job<I, O> job) {
    Optional<StoredSteps.Stored> known = enter(name, RunWrite.StepKind.ITEMS);
    int open;
    if (known.isEmpty()) {
      fanOut.begin(name, steps().number(), elements, key, input, job, this::settle);
      open = elements.size();
    } else {
      open = known.get().openItems();
    }
    if (open > 0) {
      throw waitFor(name);
    }
    return fanOut.outcomes(name, job);
  }

  @Override
  public <I> TriggeredRun trigger(String name, Job<I, ?> job, I input, TriggerOptions options) {
    Optional<StoredSteps.Stored> known = enter(name, RunWrite.StepKind.TRIGGER);
    return known.isPresent()
        ? FanOut.triggered(known.get())
        : fanOut.trigger(name, steps().number(), NewRun.of(job, input, options), this::settle);
  }

  @Override
  public void progress(long done, long total, String message) {
    long now = System.nanoTime();
    if (now - progressAt < PROGRESS_PERIOD.toNanos() && done < total) {
      return;
    }
    progressAt = now;
    services
        .writer()
        .submit(
            new RunWrite.Progress(
                claim.id(), claim.token(), done, total, services.secrets().mask(message)));
  }

  @Override
  public void log(String message) {
    services
        .writer()
        .submit(
            new RunWrite.Event(
                claim.id(),
                claim.token(),
                RunEvent.LOG,
                null,
                services.secrets().mask(message.replace("\u0000", "")),
                null));
  }

  @Override
  public <T> void writeInChunks(DataSource database, List<T> rows, int size, ChunkWriter<T> writer)
      throws Exception {
    for (int from = 0; from < rows.size(); from += size) {
      List<T> chunk = rows.subList(from, Math.min(rows.size(), from + size));
      requireRunning();
      contention.call("writeInChunks", () -> writeChunk(database, chunk, writer));
      LockSupport.parkNanos(1); // lets other threads have the core
    }
  }

  private static <T> boolean writeChunk(DataSource database, List<T> chunk, ChunkWriter<T> writer)
      throws Exception {
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      try {
        writer.write(connection, chunk);
        connection.commit();
      } catch (Exception failed) {
        connection.rollback();
        throw failed;
      } finally {
        connection.setAutoCommit(true);
      }
      return true;
    }
  }

  @Override
  public <T extends @Nullable Object> T contended(String resource, Callable<T> body)
      throws Exception {
    requireRunning();
    return contention.call(resource, body);
  }
}
