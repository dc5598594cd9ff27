package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.app.CliEnvironment;
import dev.millrace.app.CommonOptions;
import dev.millrace.config.Config;
import dev.millrace.devchain.DevChain;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** The examples of the README match the code. Tests run in the directory of their module. */
final class ReadmeTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  private static String readme() throws IOException {
    return Files.readString(ROOT.resolve("README.md"));
  }

  private static String block(String language) throws IOException {
    List<String> blocks =
        Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL)
            .matcher(readme())
            .results()
            .map(found -> found.group(1))
            .toList();
    assertThat(blocks).as("blocks of %s", language).hasSize(1);
    return blocks.getFirst();
  }

  @Test
  void program_isTheOneOfTheScenario() throws IOException {
    String source =
        Files.readString(ROOT.resolve("scenarios/src/main/java/dev/millrace/scenarios/Erc20.java"));

    assertThat(block("java")).isEqualTo(source.substring(source.indexOf("/**")));
  }

  @Test
  void config_isTheOneBesideTheScenarioAndFitsIt() throws IOException {
    Path file = ROOT.resolve("scenarios/erc20.yaml");
    assertThat(block("yaml")).isEqualTo(Files.readString(file));

    CommonOptions options = new CommonOptions();
    new CommandLine(CommandLine.Model.CommandSpec.create().addMixin("common", mixin(options)))
        .parseArgs("--config", file.toString());
    Config config = options.require(CliEnvironment.ofProcess());

    assertThat(config.name()).isEqualTo(Erc20.indexer().name());
    assertThat(config.chains())
        .flatMap(Config.Chain::contracts)
        .containsExactly(new Config.Contract("Token", List.of(DevChain.TOKEN)));
  }

  private static CommandLine.Model.CommandSpec mixin(CommonOptions options) {
    return CommandLine.Model.CommandSpec.forAnnotatedObject(options);
  }

  @Test
  void map_namesEveryModuleAndEveryLinkLeadsSomewhere() throws IOException {
    try (Stream<Path> poms = Files.find(ROOT, 4, (path, _) -> path.endsWith("pom.xml"))) {
      List<String> modules =
          poms.map(pom -> ROOT.relativize(pom.resolveSibling("")).toString())
              .map(module -> module.replaceAll("/$", ""))
              .filter(module -> !List.of("", "loaders", "runtime").contains(module))
              .toList();
      assertThat(modules).hasSizeGreaterThan(8);
      List<String> rows = readme().lines().toList();
      assertThat(modules).allMatch(module -> rows.stream().anyMatch(row -> names(row, module)));
    }
    List<String> links =
        Pattern.compile("]\\(([^)]+)\\)")
            .matcher(readme())
            .results()
            .map((MatchResult found) -> found.group(1))
            .toList();
    assertThat(links).allSatisfy(link -> assertThat(ROOT.resolve(link)).exists());
  }

  /** A row of the map names a folder with its modules, or a module that lies in no such folder. */
  private static boolean names(String row, String module) {
    int name = module.lastIndexOf('/') + 1;
    return row.startsWith("| `" + module + "` |")
        || (name > 0
            && row.startsWith("| `" + module.substring(0, name - 1) + "` |")
            && row.contains("`" + module.substring(name) + "`: "));
  }

  @Test
  void readme_isShort() throws IOException {
    assertThat(readme().lines().count()).isLessThanOrEqualTo(150);
  }
}
