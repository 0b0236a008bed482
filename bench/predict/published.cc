#include "bench/predict/published.h"

namespace bitnet {
namespace {

constexpr PublishedFigure kFigures[] = {
    {"M1 Max", "cpu", "bitnet.c", "2b-4t", 52, 0, "artalis-io/bitnet.c, README"},
    {"M1 Max", "gpu", "llama.cpp", "Llama 3.1 8B, Q4_K_M", 499.6, 0, "brand-o/normiebench issue 40", 512},
    {"M2 Max", "cpu", "ik_llama.cpp", "3b", 100.7, 0, "ikawrakow/ik_llama.cpp pull request 124"},
    {"M2 Max", "gpu", "ik_llama.cpp", "3b", 94.7, 0, "ikawrakow/ik_llama.cpp pull request 107, 30 GPU cores"},
    {"M2 Ultra", "cpu", "bitnet.cpp", "0.7B, dummy", 194.4, 0.140,
     "microsoft/BitNet, m2_performance.jpg of 2024"},
    {"M2 Ultra", "gpu", "mlx-lm", "2b-4t", 150, 0, "ml-explore/mlx-lm pull request 219, about"},
    {"M3 Max", "gpu", "mlx-lm", "2b-4t", 105, 0, "ml-explore/mlx-lm pull request 219"},
    {"M4", "gpu", "higgs", "bonsai-8b", 77, 0, "higgs pull request 181"},
    {"M4", "gpu", "higgs", "bonsai-1.7b", 270, 0, "higgs pull request 181"},
    {"M4 Pro", "gpu", "llama.cpp", "bonsai-1.7b", 307.2, 0,
     "ggml-org/llama.cpp pull request 21528, 20 GPU cores"},
    {"M4 Pro", "gpu", "llama.cpp", "bonsai-4b", 178, 0,
     "ggml-org/llama.cpp pull request 21528, 20 GPU cores"},
    {"M4 Pro", "gpu", "llama.cpp", "bonsai-8b", 117, 0,
     "ggml-org/llama.cpp pull request 21528, 20 GPU cores"},
    {"M4 Pro", "cpu", "llama.cpp", "bonsai-1.7b", 133, 0, "PrismML's table, 10 threads"},
    {"M4 Pro", "cpu", "llama.cpp", "bonsai-1.7b", 420, 0, "PrismML's table, 12 threads", 128},
    {"M5 Max", "cpu", "Litespark", "2b-4t", 39.9, 0.79, "arXiv 2605.06485"},
};

}  // namespace

std::span<const PublishedFigure> PublishedFigures() { return kFigures; }

}  // namespace bitnet
