package dev.millrace.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checks that the config reference names every key and that its example is a valid config. */
final class ConfigPageTest {
  private static final Path PAGE = Path.of("../../../docs/config.md");

  @Test
  void page_namesEveryKey() throws IOException {
    String page = Files.readString(PAGE);
    assertThat(leaves("", ConfigShape.ROOT))
        .hasSizeGreaterThan(20)
        .allSatisfy(key -> assertThat(page).contains("`" + key + "`"));
  }

  @Test
  void example_isAConfig(@TempDir Path directory) throws IOException {
    Matcher example =
        Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(PAGE));
    assertThat(example.find()).isTrue();
    Path file = Files.writeString(directory.resolve("millrace.yaml"), example.group(1));

    assertThat(ConfigFile.read(file, Map.of("RPC_URL", "http://127.0.0.1:8545")))
        .isInstanceOf(ConfigFile.Valid.class);
  }

  private static List<String> leaves(String path, ConfigShape shape) {
    return switch (shape) {
      case ConfigShape.Leaf _ -> List.of(path);
      case ConfigShape.Each each ->
          leaves(path.equals("chains") ? "" : listed(path, each), each.item());
      case ConfigShape.Keys keys -> {
        List<String> all = new ArrayList<>();
        keys.children()
            .forEach(
                (key, child) -> all.addAll(leaves(path.isEmpty() ? key : path + "." + key, child)));
        yield all;
      }
    };
  }

  private static String listed(String path, ConfigShape.Each each) {
    return each.orOne() ? path : path + "[]";
  }
}
