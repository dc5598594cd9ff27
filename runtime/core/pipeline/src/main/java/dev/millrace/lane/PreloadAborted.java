package dev.millrace.lane;

/**
 * Thrown by the Context of a preload that was cut short. An error, so that handlers that catch
 * exceptions let it pass.
 */
@SuppressWarnings("serial")
final class PreloadAborted extends Error {
  PreloadAborted() {
    super("preload was cut short", null, false, false);
  }
}
