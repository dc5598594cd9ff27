package dev.millrace.scenarios;

import dev.millrace.app.CliEnvironment;
import dev.millrace.app.CommandExtension;
import dev.millrace.pipeline.Indexer;
import java.util.List;

/** Adds the scenarios to {@code millrace run}, and the commands that need them. */
public final class ScenarioExtension implements CommandExtension {
  @Override
  public List<Object> commands(CliEnvironment shell) {
    return List.of(new DemoCommand(shell), new DevchainCommand(shell), new SoakCommand(shell));
  }

  @Override
  public List<Indexer> indexers() {
    return List.of(
        Erc20.indexer(),
        Registry.indexer(),
        Amm.indexer(),
        VaultRoutes.indexer(),
        LargeTransfers.indexer());
  }
}
