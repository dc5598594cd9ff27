package dev.millrace.runner;

import dev.millrace.pipeline.LaneMirror;

/** The store that lanes are copied to. */
public interface ConfiguredMirror extends AutoCloseable {
  LaneMirror lane(String lane);

  @Override
  void close();
}
