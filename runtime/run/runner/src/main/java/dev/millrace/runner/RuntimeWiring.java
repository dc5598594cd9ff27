package dev.millrace.runner;

import dev.millrace.config.Config;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.evm.Finality;
import dev.millrace.evm.SourceProviders;
import dev.millrace.evm.SourceRequest;
import dev.millrace.evm.StopAt;
import dev.millrace.jobs.JobSettings;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.CommitStore;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.Source;
import dev.millrace.postgres.PostgresStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Supplier;

/** Builds what a config asks for: sources by the schemes of their endpoints, and the store. */
public final class RuntimeWiring implements IndexerRuntime.Connectors {
  /** The time that a chain may stay silent at the start. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Indexer indexer;
  private final Config config;
  private final PreflightCheck preflight;

  public RuntimeWiring(Indexer indexer, Config config) {
    this.indexer = indexer;
    this.config = config;
    this.preflight = new PreflightCheck(PATIENCE, chain -> begun().contains(chain));
  }

  @Override
  public List<Source> sources() {
    if (!(indexer instanceof EvmIndexer evm)) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "indexer reads no chain, build it with Evm.indexer: name=" + indexer.name());
    }
    return config.chains().stream()
        .map(chain -> SourceProviders.source(request(chain, evm)))
        .toList();
  }

  private void checkFit() {
    List<String> mistakes = new ArrayList<>();
    if (config.clickhouse().isEmpty()) {
      indexer.entities().stream()
          .filter(type -> type.storage() == Storage.CLICKHOUSE)
          .map(RuntimeWiring::homeless)
          .forEach(mistakes::add);
    }
    if (indexer instanceof EvmIndexer evm) {
      config.chains().forEach(chain -> mistakes.addAll(ContractConfigCheck.mistakes(chain, evm)));
    }
    if (!mistakes.isEmpty()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "config does not fit the indexer: indexer=%s mistakes=%d\n  %s"
              .formatted(indexer.name(), mistakes.size(), String.join("\n  ", mistakes)));
    }
  }

  private static String homeless(EntityType<?> type) {
    return "entity is kept in ClickHouse only, and the config names none: entity=%s"
            .formatted(type.name())
        + " (clickhouse: { url: embedded } asks for one of our own)";
  }

  /** Builds the request for the source of a chain. */
  public SourceRequest request(Config.Chain chain, EvmIndexer evm) {
    Map<String, List<Address>> contracts = new HashMap<>();
    chain.contracts().forEach(contract -> contracts.put(contract.name(), contract.addresses()));
    return new SourceRequest(
        evm,
        chain.id(),
        chain.endpoints().stream().map(endpoint -> endpoint.url().toString()).toList(),
        chain.from(),
        until(chain.to()),
        finality(chain.finality()),
        contracts,
        chain.reading().withDirectory(directory(config, chain)));
  }

  /**
   * Returns the directory for data of a chain that can be read again, and for the user's error
   * rows. All but those rows may be deleted while no process runs.
   */
  public static Path directory(Config config, Config.Chain chain) {
    return config.dataDir().resolve("chains").resolve(Long.toString(chain.id()));
  }

  private static StopAt until(Config.End end) {
    return switch (end) {
      case Config.End.At(long block) -> new StopAt.AtBlock(block);
      case Config.End.Latest _ -> new StopAt.AtHead();
      case Config.End.Open _ -> new StopAt.Never();
    };
  }

  private static Finality finality(Config.Finality finality) {
    return new Finality(
        finality.tag().map(tag -> tag.name().toLowerCase(Locale.ROOT)),
        finality.depth().isPresent()
            ? OptionalLong.of(finality.depth().getAsInt())
            : OptionalLong.empty());
  }

  @Override
  public void check() throws InterruptedException {
    checkFit();
    preflight.check(config);
  }

  @Override
  public String waitingFor() {
    return preflight.waitingFor();
  }

  /** Returns the chains of which something is durable. */
  private Set<Long> begun() {
    Set<Long> begun = new HashSet<>();
    if (ConfiguredDatabase.mayHoldRows(config)) {
      try (ConfiguredDatabase database = ConfiguredDatabase.open(config)) {
        PostgresStore.status(database.settings(), config.name()).stream()
            .flatMap(status -> status.lanes().stream())
            .filter(lane -> lane.block().isPresent())
            .forEach(lane -> begun.add(Long.parseLong(lane.lane())));
      }
    }
    return begun;
  }

  @Override
  public CommitStore store(Failpoint failpoint) {
    ConfiguredDatabase database = ConfiguredDatabase.open(config);
    try {
      return database.store(new ConfiguredIndexer(indexer, config), failpoint);
    } catch (RuntimeException failed) {
      database.close();
      throw failed;
    }
  }

  @Override
  public Optional<TriggerRelays> relays(List<String> lanes, Supplier<?> progress) {
    ConfiguredIndexer configured = new ConfiguredIndexer(indexer, config);
    if (configured.jobs().isEmpty()) {
      return Optional.empty();
    }
    ConfiguredDatabase database = ConfiguredDatabase.open(config);
    try {
      JobSettings settings = JobSettings.of(database.settings());
      return Optional.of(new TriggerRelays(settings, configured, lanes, progress, database));
    } catch (RuntimeException failed) {
      database.close();
      throw failed;
    }
  }

  @Override
  public Optional<ConfiguredMirror> mirror(Failpoint failpoint) {
    ConfiguredIndexer configured = new ConfiguredIndexer(indexer, config);
    if (!configured.isMirrored()) {
      return Optional.empty();
    }
    MirrorDatabase database = MirrorDatabase.open(config);
    try {
      return Optional.of(database.mirror(configured, failpoint));
    } catch (RuntimeException failed) {
      database.close();
      throw failed;
    }
  }
}
