package dev.millrace.jobs;

import java.util.List;

/** The name of a worker, and what it serves, as status shows them. */
record WorkerIdentity(String name, List<String> jobs, List<String> queues) {}
