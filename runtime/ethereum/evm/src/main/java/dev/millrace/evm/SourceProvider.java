package dev.millrace.evm;

import dev.millrace.pipeline.Source;
import java.util.Set;

/**
 * Creates the source of an EVM chain for endpoints of its schemes. Found by {@link
 * java.util.ServiceLoader}.
 */
public interface SourceProvider {
  /** The supported schemes, in lower case, without the colon. */
  Set<String> schemes();

  /** Creates a source. It connects to its endpoints when it is opened, not before. */
  Source source(SourceRequest request);
}
