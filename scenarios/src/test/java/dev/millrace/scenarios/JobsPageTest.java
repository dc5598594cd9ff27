package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.config.ConfigFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The code of docs/jobs.md is code of this module, which its tests run. */
final class JobsPageTest {
  private static final Path PAGE = Path.of("../docs/jobs.md");
  private static final Path SOURCES = Path.of("src");

  private static List<String> blocks(String language) throws IOException {
    return Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL)
        .matcher(Files.readString(PAGE))
        .results()
        .map(found -> found.group(1))
        .toList();
  }

  @Test
  void code_isCompiledAndRun() throws IOException {
    StringBuilder sources = new StringBuilder();
    try (Stream<Path> files = Files.walk(SOURCES)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
        sources.append(plain(Files.readString(file)));
      }
    }
    assertThat(blocks("java"))
        .hasSizeGreaterThanOrEqualTo(5)
        .allSatisfy(block -> assertThat(sources.toString()).contains(plain(block)));
  }

  /** The page has its own indentation and breaks lines where it likes. */
  private static String plain(String code) {
    return code.replaceAll("\\s+", "");
  }

  @Test
  void config_isValid(@TempDir Path directory) throws IOException {
    assertThat(blocks("yaml")).isNotEmpty();
    for (String block : blocks("yaml")) {
      Path file = Files.writeString(directory.resolve("millrace.yaml"), block);
      assertThat(ConfigFile.read(file, Map.of())).isInstanceOf(ConfigFile.Valid.class);
    }
  }
}
