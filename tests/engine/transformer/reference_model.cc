#include "tests/engine/transformer/reference_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

namespace bitnet {
namespace {

using Vector = std::vector<double>;

const uint8_t* Data(const ModelFile& file, const std::string& name) {
  return (*file.GetTensor(name))->data.data();
}

double HalfAt(const uint8_t* data, size_t i) {
  uint16_t bits;
  std::memcpy(&bits, data + 2 * i, 2);
  const int exponent = bits >> 10 & 31;
  const double magnitude =
      exponent == 0 ? std::ldexp(bits & 1023, -24) : std::ldexp(1024 + (bits & 1023), exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

float FloatAt(const uint8_t* data, size_t i) {
  float value;
  std::memcpy(&value, data + 4 * i, 4);
  return value;
}

int TritAt(const uint8_t* data, size_t i) {
  return (data[i / 128 * 32 + i % 32] >> (6 - 2 * (i % 128 / 32)) & 3) - 1;
}

Vector RmsNormed(const Vector& x, const ModelFile& file, const std::string& name, double eps) {
  const uint8_t* weight = Data(file, name);
  double sum = 0;
  for (double v : x) {
    sum += v * v;
  }
  Vector y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    y[i] = x[i] / std::sqrt(sum / static_cast<double>(x.size()) + eps) * FloatAt(weight, i);
  }
  return y;
}

// Quantises x to int8 and multiplies.
Vector BitLinear(const Vector& x, size_t rows, const ModelFile& file, const std::string& name) {
  const uint8_t* weight = Data(file, name);
  const size_t k = x.size();
  double absmax = 1e-5;
  for (double v : x) {
    absmax = std::max(absmax, std::abs(v));
  }
  Vector q(k);
  for (size_t i = 0; i < k; ++i) {
    q[i] = std::clamp(std::nearbyint(x[i] * 127 / absmax), -128.0, 127.0);
  }
  Vector y(rows);
  for (size_t r = 0; r < rows; ++r) {
    double sum = 0;
    for (size_t i = 0; i < k; ++i) {
      sum += TritAt(weight, r * k + i) * q[i];
    }
    y[r] = sum * FloatAt(weight + rows * k / 4, 0) * absmax / 127;
  }
  return y;
}

void Rotate(Vector& x, size_t head_dim, double theta, size_t position) {
  for (size_t head = 0; head < x.size(); head += head_dim) {
    for (size_t i = 0; i < head_dim / 2; ++i) {
      const double angle = static_cast<double>(position) *
                           std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(head_dim));
      double& a = x[head + i];
      double& b = x[head + i + head_dim / 2];
      const double turned = a * std::cos(angle) - b * std::sin(angle);
      b = b * std::cos(angle) + a * std::sin(angle);
      a = turned;
    }
  }
}

Vector Attend(const Vector& query, const std::vector<Vector>& keys, const std::vector<Vector>& values,
              const ModelConfig& c) {
  Vector out(query.size(), 0);
  for (size_t head = 0; head < c.num_heads; ++head) {
    const size_t kv = head / (c.num_heads / c.num_kv_heads) * c.head_dim;
    Vector p;
    for (const Vector& key : keys) {
      double dot = 0;
      for (size_t d = 0; d < c.head_dim; ++d) {
        dot += query[head * c.head_dim + d] * key[kv + d];
      }
      p.push_back(std::exp(dot / std::sqrt(static_cast<double>(c.head_dim))));
    }
    double sum = 0;
    for (double v : p) {
      sum += v;
    }
    for (size_t t = 0; t < p.size(); ++t) {
      for (size_t d = 0; d < c.head_dim; ++d) {
        out[head * c.head_dim + d] += p[t] / sum * values[t][kv + d];
      }
    }
  }
  return out;
}

}  // namespace

std::vector<std::vector<double>> ReferenceLogits(const ModelFile& file, const ModelConfig& c,
                                                 std::span<const int32_t> tokens) {
  const uint8_t* embedding = Data(file, "token_embd.weight");
  std::vector<std::vector<Vector>> keys(c.num_layers);
  std::vector<std::vector<Vector>> values(c.num_layers);
  std::vector<Vector> logits;
  for (size_t position = 0; position < tokens.size(); ++position) {
    Vector x(c.hidden_dim);
    for (size_t i = 0; i < c.hidden_dim; ++i) {
      x[i] = HalfAt(embedding, tokens[position] * c.hidden_dim + i);
    }
    for (size_t layer = 0; layer < c.num_layers; ++layer) {
      const auto name = [&](const char* part) {
        return "blk." + std::to_string(layer) + "." + part + ".weight";
      };
      const auto normed = [&](const Vector& v, const char* part) {
        return RmsNormed(v, file, name(part), c.rms_norm_eps);
      };
      const auto linear = [&](const Vector& v, size_t rows, const char* part) {
        return BitLinear(v, rows, file, name(part));
      };
      const auto add_to_x = [&](const Vector& v) { std::ranges::transform(x, v, x.begin(), std::plus<>()); };

      const Vector attn_in = normed(x, "attn_norm");
      Vector query = linear(attn_in, c.query_dim(), "attn_q");
      Vector key = linear(attn_in, c.kv_dim(), "attn_k");
      Rotate(query, c.head_dim, c.rope_theta, position);
      Rotate(key, c.head_dim, c.rope_theta, position);
      keys[layer].push_back(key);
      values[layer].push_back(linear(attn_in, c.kv_dim(), "attn_v"));
      const Vector attended = Attend(query, keys[layer], values[layer], c);
      add_to_x(linear(normed(attended, "attn_sub_norm"), c.hidden_dim, "attn_output"));

      const Vector ffn_in = normed(x, "ffn_norm");
      Vector hidden = linear(ffn_in, c.ffn_dim, "ffn_gate");
      const Vector up = linear(ffn_in, c.ffn_dim, "ffn_up");
      for (size_t i = 0; i < c.ffn_dim; ++i) {
        hidden[i] = std::pow(std::max(hidden[i], 0.0), 2) * up[i];
      }
      add_to_x(linear(normed(hidden, "ffn_sub_norm"), c.hidden_dim, "ffn_down"));
    }
    const Vector out = RmsNormed(x, file, "output_norm.weight", c.rms_norm_eps);
    Vector row(c.vocab_size, 0);
    for (size_t token = 0; token < c.vocab_size; ++token) {
      for (size_t i = 0; i < c.hidden_dim; ++i) {
        row[token] += HalfAt(embedding, token * c.hidden_dim + i) * out[i];
      }
    }
    logits.push_back(row);
  }
  return logits;
}

}  // namespace bitnet
