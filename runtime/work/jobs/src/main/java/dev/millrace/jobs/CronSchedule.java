package dev.millrace.jobs;

import com.cronutils.model.Cron;
import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.zone.ZoneOffsetTransition;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Triggers a job at the times of a cron expression, one run a tick, however many workers there are.
 *
 * <p>Times are of the zone: where its clocks skip an hour, a tick within that hour comes at its
 * end; where they repeat one, a tick comes the first time.
 */
public final class CronSchedule<I> {
  /** The ticks that one look makes up for at the most. */
  static final int MAX_MADE_UP = 1_000;

  /** A tick that is later than this was missed. */
  static final Duration GRACE = Duration.ofMinutes(1);

  private static final CronParser PARSER =
      new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX));

  private final String name;
  private final Job<I, ?> job;
  private final I input;
  private final String cron;
  private final ZoneId zone;
  private final MissedTicks missed;
  private final ExecutionTime times;

  /** The policy for ticks at which no worker was there. */
  public enum MissedTicks {
    /** No run for them. */
    SKIP,
    /** One run for all of them. */
    ONCE,
    /** A run for each. */
    ALL
  }

  private CronSchedule(
      String name,
      Job<I, ?> job,
      I input,
      String cron,
      ZoneId zone,
      MissedTicks missed,
      ExecutionTime times) {
    this.name = name;
    this.job = job;
    this.input = input;
    this.cron = cron;
    this.zone = zone;
    this.missed = missed;
    this.times = times;
  }

  /**
   * Creates a schedule whose missed ticks are skipped.
   *
   * @param name identifies it among all schedules of the database
   * @param cron five fields: minute, hour, day of the month, month, day of the week
   * @throws MillraceException with remedy {@code FIX_SETUP} if the expression does not parse
   */
  public static <I> CronSchedule<I> of(
      String name, String cron, ZoneId zone, Job<I, ?> job, I input) {
    try {
      Cron parsed = PARSER.parse(cron).validate();
      return new CronSchedule<>(
          name, job, input, cron, zone, MissedTicks.SKIP, ExecutionTime.forCron(parsed));
    } catch (IllegalArgumentException wrong) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "cron expression does not parse: schedule=%s cron=\"%s\" reason=\"%s\""
              .formatted(name, cron, wrong.getMessage()),
          wrong);
    }
  }

  /** Returns this schedule with another policy for missed ticks. */
  public CronSchedule<I> missed(MissedTicks policy) {
    return new CronSchedule<>(name, job, input, cron, zone, policy, times);
  }

  public String name() {
    return name;
  }

  public Job<I, ?> job() {
    return job;
  }

  String cron() {
    return cron;
  }

  ZoneId zone() {
    return zone;
  }

  MissedTicks missed() {
    return missed;
  }

  /** Returns the first tick after a time; null if there is none, as for the 30th of February. */
  @Nullable Instant next(Instant after) {
    Instant next = next(ZonedDateTime.ofInstant(after, zone));
    Instant skipped = skipped(after);
    return skipped != null && (next == null || skipped.isBefore(next)) ? skipped : next;
  }

  private @Nullable Instant next(ZonedDateTime after) {
    return times.nextExecution(after).map(ZonedDateTime::toInstant).orElse(null);
  }

  /** Returns the end of an hour that the clocks skip, if the next tick lies within it. */
  private @Nullable Instant skipped(Instant after) {
    Instant local = next(LocalDateTime.ofInstant(after, zone).atZone(ZoneOffset.UTC));
    if (local == null) {
      return null;
    }
    ZoneOffsetTransition change =
        zone.getRules().getTransition(LocalDateTime.ofInstant(local, ZoneOffset.UTC));
    return change != null && change.isGap() && change.getInstant().isAfter(after)
        ? change.getInstant()
        : null;
  }

  /**
   * Returns the ticks to run, of those from the next one up to now.
   *
   * @param due the next tick as it was stored
   */
  List<Instant> ticks(Instant due, Instant now) {
    List<Instant> all = new ArrayList<>();
    Instant tick = due;
    while (tick != null && !tick.isAfter(now) && all.size() < MAX_MADE_UP) {
      all.add(tick);
      tick = next(tick);
    }
    return switch (missed) {
      case ALL -> all;
      case ONCE -> all.isEmpty() ? all : List.of(all.getLast());
      case SKIP ->
          all.isEmpty() || all.getLast().plus(GRACE).isBefore(now)
              ? List.of()
              : List.of(all.getLast());
    };
  }

  /** Returns the run of a tick; its idempotency key makes it the only one. */
  NewRun run(Instant tick) {
    return NewRun.of(
        job, input, TriggerOptions.none().idempotencyKey("cron/%s/%s".formatted(name, tick)));
  }
}
