package dev.millrace.testkit;

import dev.millrace.jobs.EventOrigin;
import dev.millrace.jobs.Items;
import dev.millrace.jobs.Job;
import dev.millrace.jobs.JobContext;
import dev.millrace.jobs.TriggerOptions;
import dev.millrace.jobs.TriggeredRun;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** A context that passes every call on, and meets the crash points of a test. */
final class WatchedJobContext implements JobContext {
  private final JobContext context;
  private final CrashPoints crashes;

  WatchedJobContext(JobContext context, CrashPoints crashes) {
    this.context = context;
    this.crashes = crashes;
  }

  @Override
  public long runId() {
    return context.runId();
  }

  @Override
  public int attempt() {
    return context.attempt();
  }

  @Override
  public Optional<EventOrigin> origin() {
    return context.origin();
  }

  @Override
  public <T extends @Nullable Object> T step(String name, Callable<T> body) throws Exception {
    crashes.meet(CrashPoints.Moment.BEFORE, name);
    T result = context.step(name, watched(name, body));
    crashes.meet(CrashPoints.Moment.AFTER, name);
    return result;
  }

  private <T extends @Nullable Object> Callable<T> watched(String name, Callable<T> body) {
    return () -> {
      crashes.note(context.runId(), name);
      T result = body.call();
      crashes.meet(CrashPoints.Moment.IN, name);
      return result;
    };
  }

  @Override
  public void step(String name, Action body) throws Exception {
    crashes.meet(CrashPoints.Moment.BEFORE, name);
    context.step(
        name,
        () -> {
          crashes.note(context.runId(), name);
          body.run();
          crashes.meet(CrashPoints.Moment.IN, name);
        });
    crashes.meet(CrashPoints.Moment.AFTER, name);
  }

  @Override
  public <T extends @Nullable Object> T transaction(String name, TransactionBody<T> body)
      throws Exception {
    crashes.meet(CrashPoints.Moment.BEFORE, name);
    T result =
        context.transaction(
            name,
            connection -> {
              crashes.note(context.runId(), name);
              T written = body.run(connection);
              crashes.meet(CrashPoints.Moment.IN, name);
              return written;
            });
    crashes.meet(CrashPoints.Moment.AFTER, name);
    return result;
  }

  @Override
  public <T extends @Nullable Object> T compute(String name, Duration deadline, Callable<T> body)
      throws Exception {
    crashes.meet(CrashPoints.Moment.BEFORE, name);
    T result = context.compute(name, deadline, watched(name, body));
    crashes.meet(CrashPoints.Moment.AFTER, name);
    return result;
  }

  @Override
  public <I, O> Items<O> forEach(String name, Collection<I> inputs, Job<I, O> job) {
    return around(name, () -> context.forEach(name, inputs, job));
  }

  @Override
  public <T, I, O> Items<O> forEach(
      String name,
      Collection<T> elements,
      Function<? super T, String> key,
      Function<? super T, I> input,
      Job<I, O> job) {
    return around(name, () -> context.forEach(name, elements, key, input, job));
  }

  @Override
  public <I> TriggeredRun trigger(String name, Job<I, ?> job, I input, TriggerOptions options) {
    return around(name, () -> context.trigger(name, job, input, options));
  }

  @Override
  public void sleep(String name, Duration time) {
    crashes.meet(CrashPoints.Moment.BEFORE, name);
    context.sleep(name, time);
    crashes.meet(CrashPoints.Moment.AFTER, name);
  }

  @Override
  public <T> Optional<T> awaitSignal(String name, Class<T> type, Duration timeout) {
    return around(name, () -> context.awaitSignal(name, type, timeout));
  }

  private <T> T around(String name, Supplier<T> call) {
    crashes.meet(CrashPoints.Moment.BEFORE, name);
    T result = call.get();
    crashes.meet(CrashPoints.Moment.AFTER, name);
    return result;
  }

  @Override
  public void progress(long done, long total, String message) {
    context.progress(done, total, message);
  }

  @Override
  public void log(String message) {
    context.log(message);
  }

  @Override
  public <T> void writeInChunks(DataSource database, List<T> rows, int size, ChunkWriter<T> writer)
      throws Exception {
    context.writeInChunks(database, rows, size, writer);
  }

  @Override
  public <T extends @Nullable Object> T contended(String resource, Callable<T> body)
      throws Exception {
    return context.contended(resource, body);
  }

  @Override
  public boolean isCancelAsked() {
    return context.isCancelAsked();
  }
}
