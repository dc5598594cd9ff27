package dev.millrace.jobs;

/** The work of a job: a function of its input and of what its context has returned. */
@FunctionalInterface
public interface JobHandler<I, O> {
  O run(I input, JobContext context) throws Exception;
}
