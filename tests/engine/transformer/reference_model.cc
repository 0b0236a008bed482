#include "tests/engine/transformer/reference_model.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <string>

#include "engine/formats/row_decoder.h"

namespace bitnet {
namespace {

using Vector = std::vector<double>;

const uint8_t* Data(const ModelFile& file, const std::string& name) {
  return (*file.GetTensor(name))->data.data();
}

float FloatAt(const uint8_t* data, size_t i) {
  float value;
  std::memcpy(&value, data + 4 * i, 4);
  return value;
}

// The rows of a matrix as floats. Types are not checked here but in tests/engine/formats.
class Rows {
 public:
  Rows(const ModelFile& file, const std::string& name)
      : decoder_(*RowDecoder::Create(**file.GetTensor(name))) {}

  Vector operator[](size_t row) const {
    std::vector<float> values(decoder_.k());
    decoder_.Floats(row, values.data());
    return Vector(values.begin(), values.end());
  }
  const RowDecoder& decoder() const { return decoder_; }

 private:
  const RowDecoder decoder_;
};

double Dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    sum += a[i] * b[i];
  }
  return sum;
}

// Rounds every `group` neighbours to int8 with a scale of their own.
Vector RoundToInt8(Vector x, size_t group) {
  for (size_t begin = 0; begin < x.size(); begin += group) {
    double absmax = 1e-5;
    for (size_t i = begin; i < begin + group; ++i) {
      absmax = std::max(absmax, std::abs(x[i]));
    }
    for (size_t i = begin; i < begin + group; ++i) {
      x[i] = std::clamp(std::nearbyint(x[i] * 127 / absmax), -128.0, 127.0) * absmax / 127;
    }
  }
  return x;
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

// Sylvester's matrix: entry (i, j) is -1 to the number of ones that i and j share, over the root of the size.
Vector Hadamard(const Vector& x, size_t block) {
  Vector y(x.size(), 0);
  for (size_t i = 0; i < x.size(); ++i) {
    for (size_t j = 0; j < block; ++j) {
      const int shared = std::popcount((i % block) & j);
      y[i] += (shared % 2 == 0 ? 1 : -1) * x[i / block * block + j] / std::sqrt(static_cast<double>(block));
    }
  }
  return y;
}

// What a matrix of this type is multiplied with: floats as they are, int8 with one scale, or one for each
// group.
Vector Rounded(const Vector& x, const RowDecoder& matrix, const ModelConfig& c) {
  if (matrix.codes() == CodeRange::kNone) {
    return x;
  }
  const bool per_token = c.activations == ActivationPolicy::kInt8Token || matrix.has_tensor_scale();
  return RoundToInt8(x, per_token ? x.size() : matrix.group_weights());
}

// x after the norm and the transform that belong to the matrix `part`, times its rows.
Vector Multiply(Vector x, size_t rows, const ModelFile& file, const ModelConfig& c, const std::string& prefix,
                const std::string& part) {
  const std::string norm = prefix + part + "_norm_in.weight";
  if (file.GetTensor(norm).ok()) {
    x = RmsNormed(x, file, norm, c.input_norm_eps);
  }
  if (const auto block = file.GetUint("bitnet.hadamard." + part); block.ok()) {
    x = Hadamard(x, *block);
  }
  const Rows matrix(file, prefix + part + ".weight");
  const Vector rounded = Rounded(x, matrix.decoder(), c);
  Vector y(rows);
  for (size_t r = 0; r < rows; ++r) {
    y[r] = Dot(matrix[r], rounded);
  }
  return y;
}

// y += scale * B (A x), if the adapter changes the matrix `part` of the layer.
void AddLowRank(const Vector& x, const ActiveAdapter& active, size_t layer, const std::string& part,
                Vector& y) {
  for (size_t kind = 0; kind < kNumProjectionKinds; ++kind) {
    const LowRankPair* pair = active.adapter->Find(layer, static_cast<ProjectionKind>(kind));
    if (pair == nullptr || GgufName(static_cast<ProjectionKind>(kind)) != part) {
      continue;
    }
    for (size_t r = 0; r < pair->rank; ++r) {
      double inner = 0;
      for (size_t i = 0; i < x.size(); ++i) {
        inner += double{pair->a[r * x.size() + i]} * x[i];
      }
      for (size_t row = 0; row < y.size(); ++row) {
        y[row] += double{active.scale} * pair->scale * pair->b[row * pair->rank + r] * inner;
      }
    }
  }
}

void Rotate(Vector& x, const ModelConfig& c, size_t position) {
  const bool halves = c.rope_pairs == RopePairs::kHalves;
  for (size_t head = 0; head < x.size(); head += c.head_dim) {
    for (size_t i = 0; i < c.head_dim / 2; ++i) {
      const double angle =
          static_cast<double>(position) *
          std::pow(c.rope_theta, -2.0 * static_cast<double>(i) / static_cast<double>(c.head_dim));
      double& a = x[head + (halves ? i : 2 * i)];
      double& b = x[head + (halves ? i + c.head_dim / 2 : 2 * i + 1)];
      const double turned = a * std::cos(angle) - b * std::sin(angle);
      b = b * std::cos(angle) + a * std::sin(angle);
      a = turned;
    }
  }
}

void NormHeads(Vector& x, const ModelFile& file, const ModelConfig& c, const std::string& name) {
  for (size_t head = 0; c.has_query_key_norms && head < x.size(); head += c.head_dim) {
    const Vector one(x.begin() + head, x.begin() + head + c.head_dim);
    std::ranges::copy(RmsNormed(one, file, name, c.rms_norm_eps), x.begin() + head);
  }
}

double Gate(double gate, const ModelConfig& c) {
  return c.ffn_activation == FfnActivation::kSilu ? gate / (1 + std::exp(-gate))
                                                  : std::pow(std::max(gate, 0.0), 2);
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
                                                 std::span<const int32_t> tokens,
                                                 std::span<const ActiveAdapter> adapters) {
  const Rows embedding(file, "token_embd.weight");
  const bool own_head = !c.head_is_embedding && file.GetTensor("output.weight").ok();
  std::vector<std::vector<Vector>> keys(c.num_layers);
  std::vector<std::vector<Vector>> values(c.num_layers);
  std::vector<Vector> logits;
  for (size_t position = 0; position < tokens.size(); ++position) {
    Vector x = embedding[tokens[position]];
    for (size_t layer = 0; layer < c.num_layers; ++layer) {
      const std::string prefix = "blk." + std::to_string(layer) + ".";
      const auto normed = [&](const Vector& v, const char* part) {
        return RmsNormed(v, file, prefix + part + ".weight", c.rms_norm_eps);
      };
      const auto sub_normed = [&](const Vector& v, const char* part) {
        return c.has_sub_norms ? normed(v, part) : v;
      };
      const auto linear = [&](const Vector& v, size_t rows, const char* part) {
        Vector y = Multiply(v, rows, file, c, prefix, part);
        for (const ActiveAdapter& active : adapters) {
          AddLowRank(v, active, layer, part, y);
        }
        return y;
      };
      const auto add_to_x = [&](const Vector& v) { std::ranges::transform(x, v, x.begin(), std::plus<>()); };

      const Vector attn_in = normed(x, "attn_norm");
      Vector query = linear(attn_in, c.query_dim(), "attn_q");
      Vector key = linear(attn_in, c.kv_dim(), "attn_k");
      NormHeads(query, file, c, prefix + "attn_q_norm.weight");
      NormHeads(key, file, c, prefix + "attn_k_norm.weight");
      Rotate(query, c, position);
      Rotate(key, c, position);
      keys[layer].push_back(key);
      values[layer].push_back(linear(attn_in, c.kv_dim(), "attn_v"));
      const Vector attended = Attend(query, keys[layer], values[layer], c);
      add_to_x(linear(sub_normed(attended, "attn_sub_norm"), c.hidden_dim, "attn_output"));

      const Vector ffn_in = normed(x, "ffn_norm");
      Vector hidden = linear(ffn_in, c.ffn_dim, "ffn_gate");
      const Vector up = linear(ffn_in, c.ffn_dim, "ffn_up");
      for (size_t i = 0; i < c.ffn_dim; ++i) {
        hidden[i] = Gate(hidden[i], c) * up[i];
      }
      add_to_x(linear(sub_normed(hidden, "ffn_sub_norm"), c.hidden_dim, "ffn_down"));
    }
    const Vector out = RmsNormed(x, file, "output_norm.weight", c.rms_norm_eps);
    logits.push_back(Multiply(out, c.vocab_size, file, c, "", own_head ? "output" : "token_embd"));
  }
  return logits;
}

}  // namespace bitnet
