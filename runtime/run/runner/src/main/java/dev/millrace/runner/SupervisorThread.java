package dev.millrace.runner;

/**
 * Starts threads that watch and stop lanes. They are platform threads: handlers and effects may
 * keep every carrier of virtual threads busy, by a native call or a loop without end, and a process
 * has to stop all the same.
 */
final class SupervisorThread {
  private SupervisorThread() {}

  static Thread start(String name, Runnable work) {
    return Thread.ofPlatform().daemon().name("millrace-" + name).start(work);
  }
}
