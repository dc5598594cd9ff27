package dev.millrace.jobs;

/**
 * Unwinds a handler whose run waits, or must stop. An error, so that handlers which catch
 * exceptions let it pass; what a handler does that catches it all the same does not count.
 */
final class RunStopped extends Error {
  private static final long serialVersionUID = 1L;

  RunStopped(String reason) {
    super(reason, null, false, false);
  }
}
