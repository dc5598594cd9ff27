package dev.millrace.app;

import dev.millrace.pipeline.LaneMirror;

/** The store that lanes are copied to. */
interface Mirror extends AutoCloseable {
  LaneMirror lane(String lane);

  @Override
  void close();
}
