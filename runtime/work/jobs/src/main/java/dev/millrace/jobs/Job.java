package dev.millrace.jobs;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.TriggerMoment;
import dev.millrace.loaders.TriggerableJob;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BinaryOperator;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The definition of a job: a name, the types of input and output, rules, and a handler. Immutable;
 * make it once and keep it in a constant.
 *
 * <p>Four keys look alike and are four constraints:
 *
 * <ul>
 *   <li>{@link #idempotencyKey}: at most one run ever, until it is purged;
 *   <li>{@link #coalescingKey}: at most one run that has not started; the inputs are merged, or the
 *       later trigger is refused;
 *   <li>{@link #concurrencyKey}: at most one run that has started and not ended;
 *   <li>{@link #serialKey}: one at a time, in the order of the triggers.
 * </ul>
 */
public final class Job<I, O> implements TriggerableJob<I> {
  public static final String DEFAULT_QUEUE = "default";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:-]{0,99}");
  private static final int DEFAULT_MAX_LOST_CLAIMS = 5;

  private final String name;
  private final Class<I> inputType;
  private final Class<O> outputType;
  private final Rules<I> rules;
  private final @Nullable JobHandler<I, O> handler;

  /** The function that derives a key of a run from its input. */
  private record KeyFunction<I>(Function<? super I, String> of, boolean serial) {}

  /** The function that merges the inputs of two triggers; null refuses the later one. */
  private record Coalescing<I>(
      Function<? super I, String> key, @Nullable BinaryOperator<I> merge) {}

  /** The options of a job. Changed by the builder methods alone, each on a copy of its own. */
  private static final class Rules<I> {
    private String queue = DEFAULT_QUEUE;
    private int version = 1;
    private int priority;
    private Retry retry = Retry.standard();
    private Optional<Duration> timeout = Optional.empty();
    private int maxLostClaims = DEFAULT_MAX_LOST_CLAIMS;
    private Optional<KeyFunction<I>> exclusive = Optional.empty();
    private Optional<Coalescing<I>> coalescing = Optional.empty();
    private Optional<Function<? super I, String>> idempotency = Optional.empty();
    private TriggerMoment moment = TriggerMoment.FINALIZED;

    private Rules<I> copy() {
      Rules<I> copy = new Rules<>();
      copy.queue = queue;
      copy.version = version;
      copy.priority = priority;
      copy.retry = retry;
      copy.timeout = timeout;
      copy.maxLostClaims = maxLostClaims;
      copy.exclusive = exclusive;
      copy.coalescing = coalescing;
      copy.idempotency = idempotency;
      copy.moment = moment;
      return copy;
    }
  }

  private Job(
      String name,
      Class<I> inputType,
      Class<O> outputType,
      Rules<I> rules,
      @Nullable JobHandler<I, O> handler) {
    this.name = name;
    this.inputType = inputType;
    this.outputType = outputType;
    this.rules = rules;
    this.handler = handler;
  }

  /**
   * Begins a definition.
   *
   * @param name letters, digits and {@code . _ : -}; unique among the jobs of a worker
   */
  public static <I, O> Job<I, O> of(String name, Class<I> inputType, Class<O> outputType) {
    if (!NAME.matcher(name).matches()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "job name has letters, digits and . _ : - only, 100 at most: name=" + name);
    }
    return new Job<>(name, inputType, outputType, new Rules<>(), null);
  }

  private Job<I, O> with(Consumer<Rules<I>> change) {
    Rules<I> changed = rules.copy();
    change.accept(changed);
    boolean merges = changed.coalescing.isPresent() || changed.idempotency.isPresent();
    if (merges && changed.moment == TriggerMoment.COMMITTED) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "a run that several triggers share cannot be recalled: job=%s has a coalescing or an idempotency key, and so no when(COMMITTED)"
              .formatted(name));
    }
    return new Job<>(name, inputType, outputType, changed, handler);
  }

  /** Sets the function that does the work. */
  public Job<I, O> handler(JobHandler<I, O> code) {
    return new Job<>(name, inputType, outputType, rules, code);
  }

  /** Sets the queue, whose concurrency the worker limits. */
  public Job<I, O> queue(String queue) {
    return with(changed -> changed.queue = queue);
  }

  /**
   * Sets the version of the handler. A run that one version has begun is not resumed by another:
   * raise the version whenever the steps of the handler change.
   */
  public Job<I, O> version(int version) {
    return with(changed -> changed.version = version);
  }

  /** Sets the default priority: higher ones run first. */
  public Job<I, O> priority(int priority) {
    return with(changed -> changed.priority = priority);
  }

  /** Sets what happens after a failed attempt. */
  public Job<I, O> retry(Retry retry) {
    return with(changed -> changed.retry = retry);
  }

  /** Limits the time of one attempt, waits for items, timers and signals left out. */
  public Job<I, O> timeout(Duration timeout) {
    if (timeout.isNegative() || timeout.isZero()) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "timeout must be positive: job=%s timeout=%s".formatted(name, timeout));
    }
    return with(changed -> changed.timeout = Optional.of(timeout));
  }

  /** Limits how many workers may die with a run before it fails as {@code WORKER_LOST}. */
  public Job<I, O> maxLostClaims(int most) {
    if (most < 1) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "maxLostClaims must be positive: job=%s".formatted(name));
    }
    return with(changed -> changed.maxLostClaims = most);
  }

  /**
   * Allows one run of a key at a time: none starts while another has started and has not ended. A
   * run that waits for its next attempt lets others of its key go first; a run that waits for
   * items, a timer or a signal does not.
   */
  public Job<I, O> concurrencyKey(Function<? super I, String> key) {
    return exclusive(new KeyFunction<>(key, false));
  }

  /**
   * Runs those of a key one at a time in the order of their triggers, delays and retries included.
   */
  public Job<I, O> serialKey(Function<? super I, String> key) {
    return exclusive(new KeyFunction<>(key, true));
  }

  private Job<I, O> exclusive(KeyFunction<I> key) {
    if (rules.exclusive.isPresent()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "job has a concurrency key or a serial key, not both: job=%s".formatted(name));
    }
    return with(changed -> changed.exclusive = Optional.of(key));
  }

  /** Allows one run of a key that has not started: a later trigger is refused. */
  public Job<I, O> coalescingKey(Function<? super I, String> key) {
    return coalescing(new Coalescing<>(key, null));
  }

  /** Allows one run of a key that has not started: a later trigger is merged into its input. */
  public Job<I, O> coalescingKey(Function<? super I, String> key, BinaryOperator<I> merge) {
    return coalescing(new Coalescing<>(key, merge));
  }

  private Job<I, O> coalescing(Coalescing<I> coalescing) {
    return with(changed -> changed.coalescing = Optional.of(coalescing));
  }

  /** Allows one run of a key ever, until it is purged: a later trigger gets the first run. */
  public Job<I, O> idempotencyKey(Function<? super I, String> key) {
    return with(changed -> changed.idempotency = Optional.of(key));
  }

  /**
   * Sets the moment from which runs may start that event handlers of an indexer have triggered. The
   * default is {@code FINALIZED}. With {@code COMMITTED} a reorg cancels a run that has not
   * started, and marks any other.
   */
  public Job<I, O> when(TriggerMoment moment) {
    return with(changed -> changed.moment = moment);
  }

  @Override
  public TriggerMoment moment() {
    return rules.moment;
  }

  /** Returns the JSON of an input that an event handler passes, with keys that can be computed. */
  @Override
  public String inputText(I input) {
    if (rules.coalescing.isPresent() && rules.coalescing.get().merge == null) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "handlers cannot trigger a job that refuses to merge: job=%s; give coalescingKey a function that merges inputs"
              .formatted(name));
    }
    if (input == null) {
      throw new MillraceException(Remedy.FIX_HANDLER, "input is null: job=" + name);
    }
    return NewRun.of(this, input, TriggerOptions.none()).input();
  }

  @Override
  public String name() {
    return name;
  }

  public String queue() {
    return rules.queue;
  }

  public int version() {
    return rules.version;
  }

  public int priority() {
    return rules.priority;
  }

  public Retry retry() {
    return rules.retry;
  }

  public Optional<Duration> timeout() {
    return rules.timeout;
  }

  @Override
  public Class<I> inputType() {
    return inputType;
  }

  public Class<O> outputType() {
    return outputType;
  }

  /** Returns the function that does the work; empty for a definition that is only triggered. */
  public Optional<JobHandler<I, O>> handler() {
    return Optional.ofNullable(handler);
  }

  int maxLostClaims() {
    return rules.maxLostClaims;
  }

  /** Returns the key that excludes others, with the job's name: keys of two jobs never meet. */
  @Nullable String exclusiveKey(I input) {
    return rules.exclusive.map(key -> name + "/" + key.of.apply(input)).orElse(null);
  }

  boolean isSerial() {
    return rules.exclusive.map(KeyFunction::serial).orElse(false);
  }

  @Nullable String coalescingKeyOf(I input) {
    return rules.coalescing.map(coalescing -> coalescing.key.apply(input)).orElse(null);
  }

  /** Returns the merged input, or nothing if this job refuses to merge. */
  Optional<I> merge(I earlier, I later) {
    return rules
        .coalescing
        .flatMap(coalescing -> Optional.ofNullable(coalescing.merge))
        .map(merge -> merge.apply(earlier, later));
  }

  @Nullable String idempotencyKeyOf(I input) {
    return rules.idempotency.map(key -> key.apply(input)).orElse(null);
  }

  boolean hasHandler() {
    return handler != null;
  }

  JobHandler<I, O> requireHandler() {
    if (handler == null) {
      throw new MillraceException(Remedy.FIX_SETUP, "job has no handler: job=" + name);
    }
    return handler;
  }

  @Override
  public String toString() {
    return "%s(%s)%s".formatted(name, inputType.getSimpleName(), outputType.getSimpleName());
  }
}
