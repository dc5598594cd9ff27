package dev.millrace.evm;

import dev.millrace.pipeline.Source;
import java.util.Set;

/** Who can read a chain from endpoints of some scheme. Found by {@link java.util.ServiceLoader}. */
public interface SourceProvider {
  /** The schemes it understands, in lower case, without the colon. */
  Set<String> schemes();

  /** Makes a source. It speaks to its endpoints when it is opened, not before. */
  Source source(SourceRequest request);
}
