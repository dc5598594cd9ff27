package dev.millrace.scenarios;

import dev.millrace.app.Extension;
import dev.millrace.pipeline.Indexer;
import java.util.List;

/** Makes the scenarios known to {@code millrace run}. */
public final class ScenarioExtension implements Extension {
  @Override
  public List<Indexer> indexers() {
    return List.of(Erc20.indexer(), Registry.indexer());
  }
}
