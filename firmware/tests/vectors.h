// Reads tests/data/link_vectors.txt; tests/data/make_link_vectors.py says what its lines mean.
#pragma once

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace hil::test {

using Bytes = std::vector<uint8_t>;
using Line = std::vector<std::string>;

inline Bytes FromHex(const std::string& text) {
  Bytes bytes;
  for (size_t i = 0; text != "-" && i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

// The lines of one kind, cut at blanks, without the first word.
inline std::vector<Line> Vectors(const std::string& kind) {
  std::vector<Line> lines;
  std::ifstream file(HIL_LINK_VECTORS);
  std::string text;
  while (std::getline(file, text)) {
    std::istringstream words(text);
    std::string word;
    words >> word;
    if (word != kind) continue;
    Line line;
    while (words >> word) line.push_back(word);
    lines.push_back(line);
  }
  return lines;
}

}  // namespace hil::test
