package dev.millrace.jobs;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.TriggerableJob;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** The job definitions and schedules of a program, each name once. Immutable. */
public final class JobRegistry {
  private static final JobRegistry EMPTY = new JobRegistry(List.of(), List.of(), List.of());

  private final List<Job<?, ?>> jobs;
  private final List<CronSchedule<?>> schedules;
  private final List<String> secrets;

  private JobRegistry(List<Job<?, ?>> jobs, List<CronSchedule<?>> schedules, List<String> secrets) {
    this.jobs = List.copyOf(jobs);
    this.schedules = List.copyOf(schedules);
    this.secrets = List.copyOf(secrets);
  }

  public static JobRegistry empty() {
    return EMPTY;
  }

  /**
   * Creates a registry.
   *
   * @throws MillraceException with remedy {@code FIX_SETUP} if two jobs have one name, or if a job
   *     has no handler
   */
  public static JobRegistry of(Job<?, ?>... jobs) {
    return of(List.of(jobs));
  }

  /** Creates a registry, as {@link #of(Job...)} does. */
  public static JobRegistry of(Collection<Job<?, ?>> jobs) {
    return EMPTY.with(new JobRegistry(List.copyOf(jobs), List.of(), List.of()));
  }

  /**
   * Adds the jobs that event handlers trigger, as far as they have a handler here: the others are
   * worked on elsewhere.
   *
   * @throws MillraceException with remedy {@code FIX_SETUP} if two jobs have one name
   */
  public JobRegistry withTriggered(Collection<? extends TriggerableJob<?>> triggered) {
    List<Job<?, ?>> handled = new ArrayList<>();
    for (TriggerableJob<?> each : triggered) {
      if (each instanceof Job<?, ?> job && job.hasHandler()) {
        handled.add(job);
      }
    }
    return with(new JobRegistry(handled, List.of(), List.of()));
  }

  /**
   * Adds schedules, and the jobs that they trigger.
   *
   * @throws MillraceException with remedy {@code FIX_SETUP} if two schedules, or two jobs, have one
   *     name
   */
  public JobRegistry schedule(CronSchedule<?>... more) {
    List<Job<?, ?>> triggered = new ArrayList<>();
    for (CronSchedule<?> schedule : more) {
      triggered.add(schedule.job());
    }
    return with(new JobRegistry(triggered, List.of(more), List.of()));
  }

  /**
   * Adds another registry. A definition that is in both is taken once.
   *
   * @throws MillraceException with remedy {@code FIX_SETUP} if two jobs, or two schedules, have one
   *     name, or if a job has no handler
   */
  public JobRegistry with(JobRegistry other) {
    List<Job<?, ?>> allJobs = new ArrayList<>(jobs);
    for (Job<?, ?> job : other.jobs) {
      if (allJobs.stream().noneMatch(job::equals)) {
        job.requireHandler();
        if (find(allJobs, job.name()).isPresent()) {
          throw new MillraceException(
              Remedy.FIX_SETUP,
              "two job definitions have one name, give each its own: job=" + job.name());
        }
        allJobs.add(job);
      }
    }
    List<CronSchedule<?>> allSchedules = new ArrayList<>(schedules);
    for (CronSchedule<?> schedule : other.schedules) {
      if (allSchedules.stream().noneMatch(schedule::equals)) {
        if (allSchedules.stream().anyMatch(known -> known.name().equals(schedule.name()))) {
          throw new MillraceException(
              Remedy.FIX_SETUP,
              "two schedules have one name, give each its own: schedule=" + schedule.name());
        }
        allSchedules.add(schedule);
      }
    }
    List<String> allSecrets = new ArrayList<>(secrets);
    allSecrets.addAll(other.secrets);
    return new JobRegistry(allJobs, allSchedules, allSecrets);
  }

  /**
   * Adds values that no run stores, such as keys that handlers use: logs and errors have them
   * masked, inputs and results of steps that contain one are refused.
   */
  public JobRegistry secrets(Collection<String> values) {
    return with(new JobRegistry(List.of(), List.of(), List.copyOf(values)));
  }

  public List<String> secrets() {
    return secrets;
  }

  public List<Job<?, ?>> jobs() {
    return jobs;
  }

  public List<CronSchedule<?>> schedules() {
    return schedules;
  }

  public Optional<Job<?, ?>> find(String name) {
    return find(jobs, name);
  }

  private static Optional<Job<?, ?>> find(List<Job<?, ?>> among, String name) {
    for (Job<?, ?> job : among) {
      if (job.name().equals(name)) {
        return Optional.of(job);
      }
    }
    return Optional.empty();
  }

  public boolean isEmpty() {
    return jobs.isEmpty();
  }
}
