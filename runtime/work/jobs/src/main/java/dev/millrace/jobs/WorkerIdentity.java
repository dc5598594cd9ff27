package dev.millrace.jobs;

import java.util.List;

/**
 * The name of a worker, and what it serves, as status shows them.
 *
 * @param jobs with the queue and the version of each at the same place of the other lists
 */
record WorkerIdentity(
    String name, List<String> jobs, List<Integer> versions, List<String> queues) {}
